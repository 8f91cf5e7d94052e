using Crm.Storage;

namespace Crm.Engine;

/// <summary>What a state knows of its journal, so that a row that is gone, or came from elsewhere, is noticed.</summary>
/// <param name="Count">How many entries there are.</param>
/// <param name="Sum">The hashes of their payloads added up, modulo 2^128: the order makes no difference.</param>
internal sealed record JournalTally(long Count, UInt128 Sum)
{
    /// <summary>That of a journal without entries.</summary>
    public static readonly JournalTally None = new(0, 0);

    public JournalTally With(JournalEntry entry) => new(Count + 1, unchecked(Sum + entry.PayloadHash));

    /// <summary>With what an opening stands for.</summary>
    public JournalTally With(JournalOpening? opening) => opening is null ? this : new(Count + opening.Entries, unchecked(Sum + opening.Sum));

    public static JournalTally Of(IEnumerable<JournalEntry> entries)
    {
        var (count, sum) = (0L, UInt128.Zero);
        foreach (var entry in entries)
        {
            (count, sum) = (count + 1, unchecked(sum + entry.PayloadHash));
        }

        return new JournalTally(count, sum);
    }
}
