using Crm.Definitions;
using Crm.Values;

namespace Crm.Engine;

/// <summary>By which definitions a customer was decided about from a version of the journal on. The ledger names the definition of what gave something; only this tells of what gave nothing.</summary>
/// <param name="Since">The first version that was decided by them.</param>
/// <param name="Definitions">The beginnings of their hashes, in order.</param>
internal sealed record DefinitionEpoch(long Since, Sequence<uint> Definitions)
{
    /// <summary>Whether a definition was there.</summary>
    public bool Had(DefinitionHash definition) => Definitions.Contains(BeginningOf(definition));

    /// <summary>What tells definitions apart: a few bytes of each are enough among those of one host.</summary>
    public static Sequence<uint> Of(IEnumerable<DefinitionHash> definitions) => definitions.Select(BeginningOf).Distinct().Order().ToSequence();

    /// <summary>Epochs of a journal, with the one of today's definitions, which begins with the next version where there are others than before.</summary>
    public static Sequence<DefinitionEpoch> With(Sequence<DefinitionEpoch> epochs, long version, Sequence<uint> today) =>
        (epochs.IsEmpty ? [] : epochs[^1].Definitions) == today ? epochs : epochs.Where(epoch => epoch.Since <= version).Append(new DefinitionEpoch(version + 1, today)).ToSequence();

    /// <summary>What is kept of a definition's hash.</summary>
    public static uint BeginningOf(DefinitionHash definition) => (uint)(definition.Value >> 96);
}
