using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Core.Tests.Engine;

public sealed class GroupLineTests
{
    [Fact]
    public Task Few_are_each_recorded_at_once_and_alone() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);

        desk.Come(0, 1);

        Assert.Equal(["0", "1"], desk.Begun);
    });

    [Fact]
    public Task More_than_few_share_as_many_groups() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);

        desk.Come(0, 1, 2, 3, 4, 5, 6, 7, 8);
        desk.Finish(0);
        desk.Finish(0);

        Assert.Equal(["0", "1", "2 3 4 5", "6 7 8"], desk.Begun);
    });

    [Fact]
    public Task Where_the_store_writes_one_at_a_time_everybody_else_goes_together() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 1);

        desk.Come(0, 1, 2, 3, 4);
        desk.Finish(0);

        Assert.Equal(["0", "1 2 3 4"], desk.Begun);
    });

    [Fact]
    public Task Who_are_answered_together_come_back_together() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);
        desk.Come(0, 1, 2, 3, 4, 5);
        desk.Finish(0);
        desk.Finish(0);
        Assert.Equal(["2 3 4", "5"], desk.Begun.Skip(2));

        desk.Answer(1);
        desk.Come(6, 7);
        Assert.Equal(4, desk.Begun.Count);

        desk.GoOn();
        Assert.Equal("6 7", desk.Begun[^1]);
    });

    [Fact]
    public Task A_customer_is_in_one_group_at_a_time_and_nobody_else_waits_for_them() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);

        desk.Come(7, 7, 7, 1);
        desk.GoOn();
        Assert.Equal(["0", "3"], desk.Begun);

        desk.Finish(0);
        Assert.Equal(["0", "3", "1 2"], desk.Begun);
    });

    [Fact]
    public Task A_hot_customers_group_is_not_cut_to_its_share() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);

        desk.Come([.. Enumerable.Repeat(7, 41)]);
        desk.Finish(0);

        Assert.Equal([1, 40], desk.Begun.Select(group => group.Split(' ').Length));
    });

    [Fact]
    public Task A_fault_of_one_alone_makes_room_for_the_next() => Task.Run(async () =>
    {
        var desk = new Desk(atOnce: 1);

        desk.Come(1, 2);
        desk.Open[0].Answer.SetException(new InvalidOperationException("It is out of order."));
        desk.GoOn();

        await Assert.ThrowsAsync<InvalidOperationException>(() => desk.Callers[0]);
        Assert.Equal(["0", "1"], desk.Begun);
    });

    [Theory]
    [InlineData(15, 2)]
    [InlineData(16, 3)]
    public Task What_many_others_have_overtaken_takes_nobodys_room(int others, int atOnce) => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);
        desk.Come(0);
        for (var other = 1; other <= others; other++)
        {
            desk.Come(other);
            desk.Finish(1);
        }

        desk.Come(100, 101, 102);
        desk.GoOn();

        Assert.Equal(atOnce, desk.Open.Count);
    });

    [Fact]
    public Task Who_is_stuck_puts_nobody_else_into_a_group() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);
        foreach (var stuck in new[] { 0, 1 })
        {
            desk.Come(stuck);
            for (var other = 0; other < 16; other++)
            {
                desk.Come(2 + other);
                desk.Finish(desk.Open.Count - 1);
            }
        }

        desk.Begun.Clear();
        desk.Come(100, 101);

        Assert.Equal(2, desk.Begun.Count);
    });

    [Fact]
    public Task As_many_as_wait_for_somebody_without_end_are_not_many() => Task.Run(() =>
    {
        var desk = new Desk(atOnce: 2);
        for (var other = 0; other < 1_000; other++)
        {
            desk.Come(other);
            desk.GoOn();
            if (other % 20 != 0 && desk.Open.Count > 0)
            {
                desk.Finish(desk.Open.Count - 1);
            }
        }

        Assert.Equal(2 + 8, desk.Open.Count);
    });

    [Fact]
    public Task Whoever_comes_is_recorded_once_and_in_order_or_gives_up_first() => Task.Run(() =>
        Prop.ForAll(Arb.From(Steps), drawn => Assert.Empty(BrokenBy(drawn, Honest))).Check(Config.QuickThrowOnFailure.WithMaxTest(300)));

    public static TheoryData<string> Counterfeits => [.. Broken.Keys];

    [Theory]
    [MemberData(nameof(Counterfeits))]
    public Task A_counterfeit_is_caught(string law) => Task.Run(() =>
        Assert.Contains(law, Steps.Sample(100).SelectMany(drawn => BrokenBy(drawn, Broken[law]))));

    private const string OneGroup = "a customer is in one group at a time";
    private const string InOrder = "a customer's events are recorded in the order in which they came";
    private const string OnceOrNever = "an event is recorded once, and never after its caller has given up";
    private const string Bounded = "there are as many groups at once, as large, as were asked for";

    private static Dictionary<string, Making> Broken { get; } = new(StringComparer.Ordinal)
    {
        [OneGroup] = (atOnce, most, record, pacing) =>
        {
            GroupLine[] lines = [Line(atOnce, most, record, pacing), Line(atOnce, most, record, pacing)];
            return (happened, token) => lines[NumberOf(happened) % 2].RecordAsync(happened, token);
        },
        [InOrder] = (atOnce, most, record, pacing) => Honest(atOnce, most, async events => [.. (await record([.. events.Reverse()])).Reverse()], pacing),
        [OnceOrNever] = (atOnce, most, record, pacing) =>
        {
            var line = Line(atOnce, most, record, pacing);
            return (happened, token) => line.RecordAsync(happened, CancellationToken.None).WaitAsync(token);
        },
        [Bounded] = (atOnce, most, record, pacing) => Honest(atOnce, most + 1, record, pacing),
    };

    private static Gen<(int AtOnce, int Most, int[] Steps)> Steps { get; } =
        from atOnce in Gen.Choose(1, 8)
        from most in Gen.Choose(1, 6)
        from steps in Gen.Choose(0, 1_000_000).ArrayOf(200)
        select (atOnce, most, steps);

    private static Func<CustomerEvent, CancellationToken, Task<Recorded>> Honest(int atOnce, int most, Func<IReadOnlyList<HashedEvent>, ValueTask<IReadOnlyList<Recorded>>> record, Pacing pacing) =>
        Line(atOnce, most, record, pacing).RecordAsync;

    private static GroupLine Line(int atOnce, int most, Func<IReadOnlyList<HashedEvent>, ValueTask<IReadOnlyList<Recorded>>> record, Pacing pacing) => new(record, atOnce, most, pacing, _ => ValueTask.CompletedTask);

    // Everybody comes, gives up and is answered as drawn; then whoever is left is answered.
    private static HashSet<string> BrokenBy((int AtOnce, int Most, int[] Steps) drawn, Making making)
    {
        var desk = new Desk(drawn.AtOnce, drawn.Most, making);
        foreach (var step in drawn.Steps)
        {
            desk.Step(step);
        }

        desk.GoOn();
        while (desk.Open.Count > 0)
        {
            desk.Finish(0);
        }

        if (desk.Callers.Exists(caller => !caller.IsCompleted || caller.IsFaulted) || desk.Callers.Count(caller => caller.IsCompletedSuccessfully) != desk.Written.Count)
        {
            desk.Broken.Add(OnceOrNever);
        }

        if (desk.Written.GroupBy(happened => happened.Identity).Any(customer => !customer.Select(NumberOf).SequenceEqual(customer.Select(NumberOf).Order())))
        {
            desk.Broken.Add(InOrder);
        }

        // Nothing is left behind: as many as ever are recorded at once.
        desk.Begun.Clear();
        desk.Come([.. Enumerable.Range(100, drawn.AtOnce)]);
        if (desk.Begun.Count != drawn.AtOnce)
        {
            desk.Broken.Add(Bounded);
        }

        return desk.Broken;
    }

    private static int NumberOf(CustomerEvent happened) => int.Parse(happened.Key.Value, CultureInfo.InvariantCulture);

    /// <summary>Makes a line.</summary>
    private delegate Func<CustomerEvent, CancellationToken, Task<Recorded>> Making(int atOnce, int most, Func<IReadOnlyList<HashedEvent>, ValueTask<IReadOnlyList<Recorded>>> record, Pacing pacing);

    /// <summary>A line with time of its own: groups are recorded when the test says so, and the next begins after whoever was answered has gone on.</summary>
    private sealed class Desk : Pacing
    {
        private const int MostOvertaken = 8;
        private readonly Queue<Func<Task>> soon = [];
        private readonly List<CancellationTokenSource> patience = [];
        private readonly Func<CustomerEvent, CancellationToken, Task<Recorded>> line;
        private readonly int atOnce;
        private readonly int most;

        public Desk(int atOnce, int most = 100, Making? making = null)
        {
            (this.atOnce, this.most) = (atOnce, most);
            line = (making ?? Honest)(atOnce, most, RecordAsync, this);
        }

        /// <summary>The laws that were broken.</summary>
        public HashSet<string> Broken { get; } = [];

        /// <summary>The keys of each group, in the order in which they were begun.</summary>
        public List<string> Begun { get; } = [];

        public List<(IReadOnlyList<CustomerEvent> Events, TaskCompletionSource Answer)> Open { get; } = [];

        public List<CustomerEvent> Written { get; } = [];

        public List<Task<Recorded>> Callers { get; } = [];

        public override TaskCreationOptions Turns => TaskCreationOptions.None;

        public override void Soon(Func<Task> work) => soon.Enqueue(work);

        public override Task PauseAsync(int fruitless, CancellationToken cancellationToken) => throw new NotSupportedException("The line makes no pauses.");

        /// <summary>One caller after another, for customers by number.</summary>
        public void Come(params int[] customers)
        {
            foreach (var customer in customers)
            {
                patience.Add(new CancellationTokenSource());
                var happened = Histories.Purchase(string.Create(CultureInfo.InvariantCulture, $"till:{Callers.Count}"), 1_000) with { Identity = Identity.User(customer) };
                Callers.Add(line(happened, patience[^1].Token));
            }
        }

        /// <summary>A group is recorded, and its callers have their answers.</summary>
        public void Answer(int group) => Open[group].Answer.SetResult();

        /// <summary>The same, and what is to begin begins.</summary>
        public void Finish(int group)
        {
            Answer(group);
            GoOn();
        }

        public void GoOn()
        {
            while (soon.TryDequeue(out var work))
            {
                _ = work();
            }
        }

        /// <summary>Somebody comes, gives up or is answered, or a group begins, as drawn.</summary>
        public void Step(int drawn)
        {
            var (what, which) = (drawn % 8, drawn / 8);
            if (what < 4)
            {
                Come(which % 5);
            }
            else if (what < 5 && Callers.Count > 0)
            {
                patience[which % Callers.Count].Cancel();
            }
            else if (what < 6 && soon.TryDequeue(out var work))
            {
                _ = work();
            }
            else if (Open.Count > 0)
            {
                Answer(which % Open.Count);
            }
        }

        private async ValueTask<IReadOnlyList<Recorded>> RecordAsync(IReadOnlyList<HashedEvent> sent)
        {
            var events = sent.Select(each => each.Happened).ToList();
            if (Open.SelectMany(group => group.Events).Any(other => events.Exists(happened => happened.Identity == other.Identity)))
            {
                Broken.Add(OneGroup);
            }

            var group = (Events: events, Answer: new TaskCompletionSource());
            Open.Add(group);
            Begun.Add(string.Join(' ', events.Select(happened => happened.Key.Value)));
            if (events.Count > most || events.Count == 0 || Open.Count > atOnce + MostOvertaken)
            {
                Broken.Add(Bounded);
            }

            try
            {
                await group.Answer.Task.ConfigureAwait(false);
            }
            finally
            {
                Open.Remove(group);
            }

            Written.AddRange(events);
            return events.ConvertAll(happened => (Recorded)new Recorded.KeyReused(happened.Key));
        }
    }
}
