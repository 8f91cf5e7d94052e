using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>Many random events of many customers: recorded through the engine, after each the memberships are those that a scan of the whole history gives. <see cref="FoldedEvents"/> asks it of a million.</summary>
public sealed class RandomEvents
{
    private const int InOneCall = 200;
    private const int Events = 6_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_membership_differs_from_what_the_whole_history_says()
    {
        var segments = Puzzles.Segments().Select((where, i) => Samples.Of($"s{i}", where)).ToList();
        var club = new Club([.. segments]);
        var histories = new List<(CustomerEvent Event, Instant At)>[Math.Max(20, Events / 40)];
        var luck = new Luck(7);
        var (differing, asked, members) = (0, 0, 0);
        for (var recorded = 0; recorded < Events; recorded += InOneCall)
        {
            var batch = Enumerable.Range(recorded, InOneCall).Select(number => (Customer: luck.Below(histories.Length), Number: number)).Select(one => (one.Customer, Event: Next(one.Customer, one.Number))).ToList();
            await club.Engine.RecordAsync([.. batch.Select(one => one.Event)], RecordMode.Live, Token);
            foreach (var customer in batch.Select(one => one.Customer).Distinct())
            {
                var view = await club.Engine.ReadAsync(CustomerRef.Of(Identity.User(customer)), Token) ?? throw new InvalidOperationException($"Nobody is {customer}.");
                foreach (var segment in segments)
                {
                    asked++;
                    var isIn = view.Fact(SegmentNames.Fact(segment.Id)).AsFlag;
                    members += isIn ? 1 : 0;
                    differing += isIn == Evaluator.Evaluate(segment.Where, new Whole(view.Moment, histories[customer])).Value ? 0 : 1;
                }
            }
        }

        Assert.Equal(0, differing);
        Assert.InRange(members, asked / 20, asked - (asked / 20));

        // Now and then at one instant, and now and then a refund of the whole of an earlier purchase.
        CustomerEvent Next(int customer, int number)
        {
            var history = histories[customer] ??= [];
            club.Clock.Advance(Duration.FromMinutes(luck.Below(4)));
            var at = club.Clock.GetCurrentInstant();
            var bought = history.FindIndex(one => one.Event.Spend is not null);
            if (bought >= 0 && luck.Below(12) == 0)
            {
                var (purchase, _) = history[bought];
                history.RemoveAt(bought);
                return CustomerEvent.Refund($"back:{number}", Identity.User(customer), purchase.Key.ToString(), purchase.Spend ?? default) with { OccurredAt = at };
            }

            var happened = luck.Below(3) == 0
                ? new CustomerEvent { Key = new EventKey("web", $"{number}"), Kind = "page-view", Identity = Identity.User(customer), OccurredAt = at }
                : CustomerEvent.Purchase($"pos:{number}", Identity.User(customer), Money.Hkd(1 + luck.Below(200))) with { OccurredAt = at, Channel = luck.Below(2) == 0 ? "web" : "shop" };
            history.Add((happened, at));
            return happened;
        }
    }

    private sealed record Whole(Moment Moment, List<(CustomerEvent Event, Instant At)> History) : IEvidence
    {
        private static readonly List<Condition> Named = [.. Puzzles.Segments()];

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            var place = int.Parse(name.AsSpan("segment.s".Length), System.Globalization.CultureInfo.InvariantCulture);
            return Evaluator.Evaluate(Named[place], this).Value ? true : default(Scalar);
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
    }
}
