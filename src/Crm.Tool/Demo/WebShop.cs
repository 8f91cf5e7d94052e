using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Tool.Demo;

/// <summary>The web shop's own kinds of events, brought along as a host does it: by a small module that decides nothing.</summary>
internal sealed class WebShop : CustomerModule<WebShop.Nothing>
{
    public const string CartUpdatedName = "cart.updated";
    public const string CartAbandonedName = "cart.abandoned";

    private const string Sku = "sku";

    /// <inheritdoc/>
    public override ModuleContract Contract { get; } = new()
    {
        Name = "web-shop",
        Codec = new NothingCodec(),
        Kinds = [Kind(CartUpdatedName), Kind(CartAbandonedName)],
    };

    public static CustomerEvent CartUpdated(string key, Identity customer, Article article) => Cart(CartUpdatedName, key, customer, article);

    public static CustomerEvent CartAbandoned(string key, Identity customer, Article article) => Cart(CartAbandonedName, key, customer, article);

    /// <inheritdoc/>
    protected override Outcome Handle(Nothing state, ModuleContext context) => Outcome.Nothing;

    private static EventKind Kind(string name) => new(name, EventNature.Happening) { Fields = [new(Sku, ScalarKind.Code, Required: true)] };

    private static CustomerEvent Cart(string kind, string key, Identity customer, Article article) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Channel = Shops.Web,
        Fields = Fields.Of((Sku, Scalar.Of(article.Sku))),
    };

    /// <summary>The module keeps nothing.</summary>
    internal sealed record Nothing
    {
        public static Nothing Kept { get; } = new();
    }

    private sealed class NothingCodec : SlotCodec<Nothing>
    {
        public override int Version => 1;

        public override Nothing Empty => Nothing.Kept;

        protected override void Write(Nothing state, SlotWriter writer)
        {
        }

        protected override Nothing Read(int version, ref SlotReader reader) => Nothing.Kept;
    }
}
