namespace Crm.Testing.Simulation;

/// <summary>What holds in every simulated world after every step.</summary>
public static class Invariants
{
    /// <summary>Once a till has its answer, the event is there whatever crashes.</summary>
    public const string NoneIsLost = "simulated.no_acknowledged_event_is_lost";

    /// <summary>However often and to however many hosts an event is sent, it is decided once.</summary>
    public const string DecidedOnce = "simulated.an_event_is_decided_at_most_once";

    /// <summary>An event sent again is answered as the first time; its key with other content is refused.</summary>
    public const string SameReceipt = "simulated.a_repeated_event_gets_the_same_receipt";

    /// <summary>The journal, decided again, gives the stored state byte for byte.</summary>
    public const string JournalIsState = "simulated.the_journal_gives_the_stored_state";

    /// <summary>The ledger adds up, lot by lot, to what is held.</summary>
    public const string BooksAddUp = "simulated.the_ledger_adds_up_to_what_is_held";

    /// <summary>What customers give each other adds up to nothing, unless the journal of somebody who was given something is erased: from them nothing can be taken back (<see cref="Engine.CrmEngine.EraseAsync"/>).</summary>
    public const string Conserved = "simulated.transfers_add_up_to_nothing";

    /// <summary>A supply never gives more than there was.</summary>
    public const string NotOversold = "simulated.no_supply_is_oversold";

    /// <summary>While an item is leased, nobody else gets it; and by its own clock a host hands a message over only while it has it.</summary>
    public const string OneLease = "simulated.an_item_has_one_lease_at_a_time";

    /// <summary>A message whose outcome is committed is not leased again.</summary>
    public const string LeavesOnce = "simulated.what_has_left_does_not_leave_again";

    /// <summary>Every follow-up that was committed arrives, and every message has an outcome.</summary>
    public const string NothingIsLost = "simulated.what_must_leave_leaves";

    /// <summary>A message that was withdrawn is not leased, unless a later commit puts it out again.</summary>
    public const string WithdrawnStays = "simulated.what_is_withdrawn_does_not_leave";

    /// <summary>Whoever was merged into somebody is found as that one, by id and by every name, and holds nothing.</summary>
    public const string TwoAreOne = "simulated.who_was_merged_is_found_as_the_survivor";

    /// <summary>Whoever is forgotten has no name, no profile and, where it was to go, no journal of before.</summary>
    public const string ForgottenIsNobody = "simulated.who_is_forgotten_is_nobody";

    /// <summary>A customer waits among those that are due when something is on the agenda, and only then.</summary>
    public const string NoTimerIsLost = "simulated.no_timer_is_lost";

    /// <summary>Each commit is made on top of the one before.</summary>
    public const string VersionsRise = "simulated.each_commit_follows_the_one_before";

    /// <summary>The engine throws only what it documents.</summary>
    public const string NothingElseIsThrown = "simulated.nothing_undocumented_is_thrown";

    /// <summary>Everything comes to rest when no more faults happen.</summary>
    public const string ComesToRest = "simulated.everything_comes_to_rest";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        NoneIsLost, DecidedOnce, SameReceipt, JournalIsState, BooksAddUp, Conserved, NotOversold, OneLease, LeavesOnce, NothingIsLost, WithdrawnStays, TwoAreOne, ForgottenIsNobody, NoTimerIsLost, VersionsRise, NothingElseIsThrown, ComesToRest,
    ];
}
