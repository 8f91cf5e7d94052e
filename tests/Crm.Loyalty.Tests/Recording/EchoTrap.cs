using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Keeps the fields of the latest echo it hears.</summary>
internal sealed class EchoTrap(params string[] kinds) : CustomerModule<VipWhen.Nothing>
{
    public Fields Last { get; private set; }

    public override ModuleContract Contract { get; } = new() { Name = "trap", Codec = new VipWhen.NothingCodec(), Handles = kinds.ToSequence() };

    protected override Outcome Handle(VipWhen.Nothing state, ModuleContext context)
    {
        Last = context.Stimulus is Stimulus.Echoed(var echo) ? echo.Fields : Last;
        return Outcome.Nothing;
    }
}
