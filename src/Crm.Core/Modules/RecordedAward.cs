using Crm.Events;
using Crm.Ledger;
using Crm.Values;

namespace Crm.Modules;

/// <summary>What an event was recorded to have given in a programme, which stands whatever the definitions of today would give for it.</summary>
/// <param name="Entries">
/// What it issued, lot by lot, in proportion to what is left of the event; 0 where nothing is left of a lot. What a code names and no rule gave, such as a prize, is there whole as long as anything is left of the event.
/// </param>
/// <param name="Lines">The lines of its receipt as it was given, which name each rule: those of the programme, and those that name none.</param>
public sealed record RecordedAward(Sequence<LedgerEntry> Entries, Sequence<ReceiptLine> Lines);
