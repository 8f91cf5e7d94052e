using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>The laws of earning rules. A test calls <see cref="Check"/> with a rule of its own.</summary>
public static class RuleLaws
{
    private const int Cases = 150;
    private static readonly long[] More = [1, 100, 5_000, 100_000];
    private static readonly string[] Cultures = ["tr-TR", "ar-SA", "de-DE", "zh-HK"];

    /// <summary>All laws.</summary>
    public static Sequence<RuleLaw> All { get; } =
    [
        new("A_rule_has_a_name_and_a_version", "Entries and receipts name the rule, and its version is part of the programme's hash.", Always, HasName)
        {
            Counterfeit = () => (new Fake("Happy Hour", _ => []), RuleClaims.Usual),
        },
        new("Only_conditions_that_are_declared", "The kernel observes what is declared, and nothing else.", Always, Declared)
        {
            Counterfeit = () => (new Fake("secretive", context => context.Holds(If.Purchases().Count().AtLeast(2)) ? [new("points", 1)] : []), RuleClaims.Usual),
        },
        new("The_same_context_earns_the_same", "A refund decides history again: a rule that looks at a clock, at luck or at what it did before gives something else then.", Always, Determined)
        {
            Counterfeit = () => (Fakes.Rememberer(), RuleClaims.Usual),
        },
        new("The_machine_is_not_asked", "Its clock, settings, files and luck answer otherwise when history is decided again, be it hours or years later, so they are looked for in the compiled code.", Always, (rule, _) => MachineUse.Check(rule))
        {
            Counterfeit = () => (Fakes.ByTheHour, RuleClaims.Usual),
        },
        new("The_culture_does_not_matter", "A server in another country must earn the same.", Always, WithoutCulture)
        {
            Counterfeit = () => (new Fake("cultured", _ => [new("points", CultureInfo.CurrentCulture.Name.Length)]), RuleClaims.Usual),
        },
        new("The_order_of_lines_does_not_matter", "Tills send lines in any order.", (_, claims) => !claims.LineOrderMatters, WithoutOrder)
        {
            Counterfeit = () => (new Fake("first-line", context => context.Event.Lines.IsEmpty ? [] : [new("points", context.Event.Lines[0].Amount.MinorUnits)]), RuleClaims.Usual with { SplittingLinesMatters = true }),
        },
        new("Two_lines_of_one_earn_as_one_line_of_two", "Some tills send each article, others add them up.", (_, claims) => !claims.SplittingLinesMatters, WithoutSplitting)
        {
            Counterfeit = () => (new Fake("per-line", context => [new("points", context.Event.Lines.Sum(line => line.Amount.MinorUnits / 1_000))]), RuleClaims.Usual),
        },
        new("A_higher_amount_never_earns_less", "Claimed by the author: paying more must not be punished, and a partial refund never gives.", (_, claims) => claims.IsMonotone, Monotone)
        {
            Counterfeit = () => (new Fake("happy-middle", context => [new("points", context.Event.Spend is { MinorUnits: > 1_000 and < 9_000 } ? 10 : 1)]), RuleClaims.Usual with { IsMonotone = true }),
        },
        new("Nothing_below_0_and_nothing_over_the_bound", "The core cuts what is out of bounds, and the receipt then tells of a faulty rule.", Always, Bounded)
        {
            Counterfeit = () => (new Fake("greedy", context => [new("points", (context.Event.Spend?.MinorUnits ?? 0) / 100)]), RuleClaims.Usual with { Most = 500 }),
        },
        new("Only_units_that_are_claimed", "An award in a unit that the programme does not have is passed over.", Always, KnownUnits)
        {
            Counterfeit = () => (new Fake("lost", _ => [new("stars", 1)]), RuleClaims.Usual),
        },
        new("No_more_is_left_than_was_counted_on", "With what a rule says that it counted on its award can be calculated again; what cannot be is left out of the receipt, which tells of a faulty rule.", Always, Countable)
        {
            Counterfeit = () => (new Fake("boastful", _ => [new("points", 10) { CountedOn = new CountedOn(articles: 1) { Left = 2 } }]), RuleClaims.Usual),
        },
        new("What_is_written_is_read_back", "Written as JSON and read again the rule has the same hash and earns the same.", (rule, claims) => rule is EarningRule || (rule is IJsonEarningRule json && claims.Kinds.Find(json.Kind) is not null), ReadBack)
        {
            Counterfeit = Fakes.Forgetful,
        },
        new("Receipts_add_up_and_can_be_told", "Every line of a receipt adds up to its parts and has a sentence in both languages, and lines add up to the ledger.", Always, EngineLaws.ReceiptsAddUp)
        {
            Counterfeit = () => (new Fake("half-told", _ => [new("points", 10) { Rounding = 25 }, new("points", -1)]), RuleClaims.Usual),
        },
        new("The_same_event_again_earns_nothing", "Tills repeat themselves.", Always, EngineLaws.Idempotent)
        {
            Counterfeit = () => (Fakes.Rememberer(), RuleClaims.Usual),
        },
        new("A_full_refund_leaves_nothing", "As if it had not been bought.", Always, EngineLaws.FullRefund)
        {
            Counterfeit = () => (Fakes.Rememberer(), RuleClaims.Usual),
        },
        new("A_refund_in_pieces_is_the_refund", "Two refunds take what one of their sum takes.", Always, EngineLaws.SplitRefund)
        {
            Counterfeit = () => (Fakes.Rememberer(), RuleClaims.Usual),
        },
        new("Which_line_comes_back_first_does_not_matter", "Refunds of two lines of one purchase end in the same in either order.", Always, EngineLaws.Commute)
        {
            Counterfeit = () => (Fakes.Partial(), RuleClaims.Usual),
        },
        new("Refunds_take_no_more_than_was_given", "Whoever gives everything back owes nothing for it.", Always, EngineLaws.NeverTakesMore)
        {
            Counterfeit = () => (Fakes.Turncoat(), RuleClaims.Usual),
        },
        new("A_refund_never_gives", "Claimed by the author, as a higher amount never earns less: nobody buys in order to give back.", (_, claims) => claims.IsMonotone, EngineLaws.NeverGives)
        {
            Counterfeit = () => (Fakes.Consoling, RuleClaims.Usual with { IsMonotone = true, LineOrderMatters = true, SplittingLinesMatters = true }),
        },
    ];

    /// <summary>Holds a rule to every law that applies to it.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="claims">What its author says of it; null: nothing particular.</param>
    /// <exception cref="LawBroken">The first law that it breaks, with the smallest case that was found.</exception>
    public static void Check(IEarningRule rule, RuleClaims? claims = null)
    {
        ArgumentNullException.ThrowIfNull(rule);
        foreach (var law in All)
        {
            if (law.AppliesTo(rule, claims ?? RuleClaims.Usual))
            {
                law.Check(rule, claims ?? RuleClaims.Usual);
            }
        }
    }

    /// <summary>What a rule earns for a case, in words that are the same whenever it is.</summary>
    internal static string Earned(IEarningRule rule, RuleCase one, RuleClaims claims)
    {
        var moment = new Moment(one.At, DateTimeZoneProviders.Tzdb[claims.Zone]);
        var context = new EarningContext(one.Event, moment, new RuleEvidence(one.Event, moment, rule.Conditions));
        return string.Join("; ", rule.Evaluate(context).Select(earning => string.Create(CultureInfo.InvariantCulture, $"{earning.Amount} {earning.Unit} {earning.Rounding} {earning.Part} {earning.Expiry}{Counted(earning.CountedOn)}")));
    }

    private static string Counted(CountedOn? on) => on is null ? "" : $" counted on {on.InMeasure(on.Basis)}, {on.InMeasure(on.Left)} left";

    /// <summary>Fails with the smallest case that still fails.</summary>
    internal static void Each(RuleClaims claims, string about, Func<RuleCase, (string Found, string Expected)?> broken, int cases = Cases)
    {
        foreach (var one in RuleCase.All(claims, cases))
        {
            if (broken(one) is not { } fault)
            {
                continue;
            }

            var smallest = one;
            for (var smaller = Next(smallest); smaller is not null; smaller = Next(smallest))
            {
                smallest = smaller;
                fault = broken(smallest) ?? fault;
            }

            throw new LawBroken($"{about}, {smallest}", fault.Found, fault.Expected);
        }

        RuleCase? Next(RuleCase from) => from.Smaller().FirstOrDefault(smaller => broken(smaller) is not null);
    }

    private static bool Always(IEarningRule rule, RuleClaims claims) => true;

    private static void HasName(IEarningRule rule, RuleClaims claims)
    {
        if (!Names.IsName(rule.Name) || rule.Version < 1 || rule.On.IsEmpty)
        {
            throw new LawBroken("The rule", $"the name '{rule.Name}', version {rule.Version} and {rule.On.Count} kinds of events", "a name of lower-case letters, digits, '-', '_' and '.', a version from 1 and at least one kind");
        }
    }

    private static void Determined(IEarningRule rule, RuleClaims claims)
    {
        var before = RuleCase.All(claims, Cases).Select(one => Earned(rule, one, claims)).ToList();

        // A little later, and in another order.
        Thread.Sleep(2);
        var after = RuleCase.All(claims, Cases).Reverse().Select(one => Earned(rule, one, claims)).Reverse().ToList();
        foreach (var (one, place) in RuleCase.All(claims, Cases).Select((one, place) => (one, place)).Where(pair => before[pair.place] != after[pair.place]).Take(1))
        {
            throw new LawBroken($"Rule '{rule.Name}', {one}", after[place], before[place]);
        }
    }

    private static void WithoutCulture(IEarningRule rule, RuleClaims claims)
    {
        var usual = CultureInfo.CurrentCulture;
        try
        {
            foreach (var culture in Cultures)
            {
                Each(claims, $"Rule '{rule.Name}' under {culture}", one =>
                {
                    CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
                    var expected = Earned(rule, one, claims);
                    CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
                    var found = Earned(rule, one, claims);
                    return found == expected ? null : (found, expected);
                });
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = usual;
        }
    }

    // Whoever may change places with their neighbours may stand anywhere.
    private static void WithoutOrder(IEarningRule rule, RuleClaims claims) => Each(claims, $"Rule '{rule.Name}' with the lines in another order", one =>
    {
        if (one.Event.Lines.IsEmpty)
        {
            return null;
        }

        var expected = Earned(rule, one, claims);
        var orders = Enumerable.Range(1, one.Event.Lines.Count - 1).Select(place => Swapped(one.Event.Lines, place)).Append(one.Event.Lines.Reverse());
        return orders.Select(lines => Earned(rule, one.With(lines.ToSequence()), claims)).FirstOrDefault(found => found != expected) is { } other ? (other, expected) : null;
    });

    private static IEnumerable<EventLine> Swapped(Sequence<EventLine> lines, int place) => [.. lines.Take(place - 1), lines[place], lines[place - 1], .. lines.Skip(place + 1)];

    private static void WithoutSplitting(IEarningRule rule, RuleClaims claims) => Each(claims, $"Rule '{rule.Name}' with each line as single articles", one =>
    {
        var split = one.With(one.Event.Lines.SelectMany(line => Enumerable.Range(0, (int)line.Quantity).Select(part => line with
        {
            Quantity = 1,
            Amount = line.Amount with { MinorUnits = (line.Amount.MinorUnits / (long)line.Quantity) + (part < line.Amount.MinorUnits % (long)line.Quantity ? 1 : 0) },
        })).ToSequence());

        // An article that is free when it is single was not for 0.00 among others; such lines say nothing about splitting.
        if (one.Event.Lines.IsEmpty || split.Event.Lines.Any(line => line.Amount.MinorUnits == 0))
        {
            return null;
        }

        var (found, expected) = (Earned(rule, split, claims), Earned(rule, one, claims));
        return found == expected ? null : (found, expected);
    });

    private static void Monotone(IEarningRule rule, RuleClaims claims) => Each(claims, $"Rule '{rule.Name}' when more is paid", one =>
    {
        foreach (var more in More)
        {
            foreach (var unit in claims.Units.Select(unit => unit.Name))
            {
                var (less, dearer) = (Total(rule, one, unit, claims), Total(rule, one.Dearer(more), unit, claims));
                if (dearer < less)
                {
                    return (string.Create(CultureInfo.InvariantCulture, $"{dearer} {unit} for {more} minor units more"), string.Create(CultureInfo.InvariantCulture, $"{less} or more"));
                }
            }
        }

        return null;
    });

    private static void Bounded(IEarningRule rule, RuleClaims claims) => Each(claims, $"Rule '{rule.Name}'", one =>
    {
        var earnings = Earnings(rule, one, claims);
        foreach (var (unit, amount) in earnings.Select(earning => (earning.Unit, earning.Amount)).Concat(earnings.GroupBy(earning => earning.Unit).Select(all => (all.Key, all.Sum(earning => earning.Amount)))))
        {
            if (amount < 0 || amount > (claims.Most ?? PointsPerAmount.Most))
            {
                return (string.Create(CultureInfo.InvariantCulture, $"{amount} {unit}"), string.Create(CultureInfo.InvariantCulture, $"0 to {claims.Most ?? PointsPerAmount.Most}"));
            }
        }

        return null;
    });

    private static void KnownUnits(IEarningRule rule, RuleClaims claims) => Each(claims, $"Rule '{rule.Name}'", one =>
        Earnings(rule, one, claims).FirstOrDefault(earning => claims.Units.All(unit => unit.Name != earning.Unit)) is { Unit: { } stranger }
            ? ($"the unit '{stranger}'", string.Join(" or ", claims.Units.Select(unit => unit.Name)))
            : null);

    private static void Countable(IEarningRule rule, RuleClaims claims) => Each(claims, $"Rule '{rule.Name}'", one =>
    {
        foreach (var on in Earnings(rule, one, claims).Select(earning => earning.CountedOn).OfType<CountedOn>())
        {
            if (!on.IsWhole || (on.Measure == CountedIn.Units && claims.Units.All(unit => unit.Name != on.Unit)))
            {
                return (Counted(on).Trim(), $"no more left than was counted on, and no units but {string.Join(" or ", claims.Units.Select(unit => unit.Name))}");
            }
        }

        return null;
    });

    private static void Declared(IEarningRule rule, RuleClaims claims) => Each(claims, $"Rule '{rule.Name}'", one =>
    {
        try
        {
            Earned(rule, one, claims);
            return null;
        }
        catch (UndeclaredException undeclared)
        {
            return ($"a question about {undeclared.Message}", "every condition among those of the rule");
        }
    });

    private static void ReadBack(IEarningRule rule, RuleClaims claims)
    {
        var program = EngineLaws.Program(rule, claims);
        var read = LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program), new LoyaltyCode { Kinds = claims.Kinds });
        if (read.Hash != program.Hash)
        {
            throw new LawBroken($"Rule '{rule.Name}' read back", LoyaltyProgramJson.Write(read), LoyaltyProgramJson.Write(program));
        }

        Each(claims, $"Rule '{rule.Name}' read back", one =>
        {
            var (found, expected) = (Earned(read.Rules[0], one, claims), Earned(rule, one, claims));
            return found == expected ? null : (found, expected);
        });
    }

    private static List<Earning> Earnings(IEarningRule rule, RuleCase one, RuleClaims claims)
    {
        var moment = new Moment(one.At, DateTimeZoneProviders.Tzdb[claims.Zone]);
        return [.. rule.Evaluate(new EarningContext(one.Event, moment, new RuleEvidence(one.Event, moment, rule.Conditions)))];
    }

    private static long Total(IEarningRule rule, RuleCase one, string unit, RuleClaims claims) => Earnings(rule, one, claims).Where(earning => earning.Unit == unit).Sum(earning => earning.Amount);
}
