using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Looks at a clock while it decides, so that it matters when the worker comes.</summary>
internal sealed class ClockWatcher(IClock clock) : CustomerModule<Notes>
{
    public override ModuleContract Contract { get; } = new() { Name = "clock-watcher", Handles = ["*"], Codec = NotesCodec.Instance, Publishes = [new FactDeclaration("clock-watcher.seen")] };

    protected override Outcome Handle(Notes state, ModuleContext context) => context.Stimulus is Stimulus.Due
        ? new Outcome.Accepted { Facts = [new Fact("clock-watcher.seen", clock.GetCurrentInstant())] }
        : new Outcome.Accepted { Agenda = [new AgendaChange("look", context.Moment.Instant + Duration.FromDays(3))] };
}

/// <summary>Notes the order in which events reach it. As a reversible module it is honest about history, and sees that two refunds are in another order; as an irrevocable one it keeps the order of arrival.</summary>
internal sealed class OrderKeeper(bool reversible) : CustomerModule<Notes>
{
    public override ModuleContract Contract { get; } = new() { Name = "order-keeper", Handles = ["*"], Codec = NotesCodec.Instance, Reversible = reversible, Publishes = [new FactDeclaration("order-keeper.seen")] };

    protected override Outcome Handle(Notes state, ModuleContext context)
    {
        if (context.Stimulus is not Stimulus.Happened(var happened))
        {
            return Outcome.Nothing;
        }

        var next = new Notes(state.Lines.Add(happened.Key.Value));
        return new Outcome.Accepted { State = next, Facts = [new Fact("order-keeper.seen", string.Join(' ', next.Lines))] };
    }
}

/// <summary>Counts its calls in a field of its own instead of its state.</summary>
internal sealed class Rememberer : CustomerModule<Notes>
{
    private int calls;

    public override ModuleContract Contract { get; } = new() { Name = "rememberer", Handles = ["*"], Codec = NotesCodec.Instance, Publishes = [new FactDeclaration("rememberer.calls")] };

    protected override Outcome Handle(Notes state, ModuleContext context)
    {
        calls++;
        return new Outcome.Accepted { State = new Notes([$"{calls}"]), Facts = [new Fact("rememberer.calls", calls)] };
    }
}

/// <summary>A store that does not know a key again: it keeps each event under a key of its own making.</summary>
internal sealed class ForgetfulStore(InMemoryStore store) : ICustomerStore, IWakeups
{
    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer with { Recording = null }, cancellationToken);

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => store.CommitAsync(
        commit with { Entries = commit.Entries.Select(entry => entry with { Event = entry.Event with { Key = new EventKey(entry.Event.Key.Source, $"{entry.Event.Key.Value}#{entry.Version}") } }).ToSequence() },
        cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => store.LeaseDueAsync(due, now, until, most, cancellationToken);
}

/// <summary>A store that, of several references to one customer that are loaded at once, takes all for the first.</summary>
internal sealed class OneNamedStore(InMemoryStore store) : ICustomerStore, IBulkCommit, IWakeups
{
    public int GroupsAtOnce => 0;

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

    public async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
    {
        var loaded = await store.LoadManyAsync(customers, cancellationToken);
        return [.. loaded.Select(snapshot => snapshot with { IdentityReference = loaded[0].IdentityReference })];
    }

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => store.CommitAsync(commit, cancellationToken);

    public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => store.CommitManyAsync(commits, cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => store.LeaseDueAsync(due, now, until, most, cancellationToken);
}
