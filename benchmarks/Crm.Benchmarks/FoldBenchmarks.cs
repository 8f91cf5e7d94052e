using BenchmarkDotNet.Attributes;
using Crm.Engine;
using Crm.Events;
using Crm.Values;

namespace Crm.Benchmarks;

/// <summary>One purchase through ten earning rules and forty watched conditions, on decoded state: the pure part of recording. The copy of the state that each call needs is included.</summary>
[MemoryDiagnoser]
public class FoldBenchmarks
{
    private const int History = 40;
    private readonly CustomerId customer = new(1);
    private readonly Fold fold;
    private readonly CustomerState state;
    private readonly JournalInput purchase;

    public FoldBenchmarks()
    {
        var modules = new ModuleSet(TeaShop.Modules());
        fold = new Fold(modules, new StateCodec(modules), TeaShop.Options);
        state = CustomerState.Newborn(modules);
        for (var number = 0; number < History; number++)
        {
            Fold(state, Input(number));
        }

        purchase = Input(History);
    }

    [Benchmark]
    public long Fold_one_purchase()
    {
        var copy = state.Clone();
        return Fold(copy, purchase);
    }

    private long Fold(CustomerState into, JournalInput input)
    {
        var consequences = new Consequences();
        fold.BringForward(customer, into, input.Entry.EffectiveAt, consequences);
        fold.Happen(customer, into, input, consequences);
        return consequences.Entries.Count;
    }

    private static JournalInput Input(int number)
    {
        var happened = TeaShop.Purchase(number, Identity.User("amy")) with { Identity = null };
        var draft = new JournalDraft
        {
            Event = happened,
            Kind = EventKinds.Purchase,
            EffectiveAt = happened.OccurredAt!.Value,
            RecordedAt = happened.OccurredAt!.Value,
            Version = number + 1,
        };
        return new JournalInput(draft, happened);
    }
}
