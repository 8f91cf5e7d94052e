using Crm.Engine;
using Crm.Modules;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The tables of a customer's state do what plain collections do, whatever is shared between copies.</summary>
public sealed class StateTableLaws
{
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);

    [Fact]
    public void An_agenda_is_a_sorted_list_of_named_entries_and_a_copy_goes_its_own_way() => Prop.ForAll(
        Steps(),
        steps =>
        {
            var agenda = new Agenda();
            var expected = new List<AgendaEntry>();
            foreach (var (what, key, hour) in steps)
            {
                var before = agenda.Clone();
                var kept = before.Entries.ToArray();
                var entry = new AgendaEntry(Start + Duration.FromHours(hour), key % 2, hour % 2, $"key-{key}");
                switch (what)
                {
                    case 0 when expected.Count > 0:
                        agenda.RemoveFirst();
                        expected.RemoveAt(0);
                        break;
                    case 1:
                        agenda.Remove(entry.Module, entry.Key);
                        expected.RemoveAll(entry.IsNamedAs);
                        break;
                    default:
                        agenda.Set(entry);
                        expected.RemoveAll(entry.IsNamedAs);
                        expected.Add(entry);
                        expected.Sort();
                        break;
                }

                Assert.Equal(expected, agenda.Entries.ToArray());
                Assert.Equal(kept, before.Entries.ToArray());
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Facts_remember_what_they_were_and_name_what_changed() => Prop.ForAll(
        Steps(),
        steps =>
        {
            var facts = new FactTable();
            var expected = new SortedDictionary<string, Fact>(StringComparer.Ordinal);
            var half = steps.Length / 2;
            Fact[] original = [];
            for (var i = 0; i < steps.Length; i++)
            {
                if (i == half)
                {
                    facts.Remember();
                    original = [.. expected.Values];
                }

                var (what, key, hour) = steps[i];
                var fact = new Fact($"fact-{key}", what == 0 ? default : (Values.Scalar)hour);
                facts.Set(fact);
                if (what == 0)
                {
                    expected.Remove(fact.Name);
                }
                else
                {
                    expected[fact.Name] = fact;
                }

                facts = i % 3 == 0 ? facts.Clone() : facts;
            }

            Assert.Equal(expected.Values, facts.InOrder.ToArray());
            if (steps.Length > 0)
            {
                Assert.Equal(original, facts.AsRemembered().InOrder.ToArray());
                var table = facts.AsRemembered();
                Assert.Equal(facts.ChangesFrom(table).OrderBy(fact => fact.Name, StringComparer.Ordinal), facts.Changes());
                facts.Changes().ForEach(change => table.Set(change));
                Assert.Equal(facts.InOrder.ToArray(), table.InOrder.ToArray());
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static Arbitrary<(int What, int Key, int Hour)[]> Steps() => Gen.Choose(0, 3)
        .SelectMany(what => Gen.Choose(0, 7).SelectMany(key => Gen.Choose(0, 5).Select(hour => (what, key, hour)))).ArrayOf().ToArbitrary();
}
