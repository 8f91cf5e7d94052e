using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Linting;

/// <summary>Makes the events of witnesses: carts that give a rule all that its terms ask for.</summary>
internal sealed class Carts(LoyaltyProgram program, LintAssumptions assumptions)
{
    private const int DaysLookedThrough = 400;
    private static readonly LocalDate Base = new(2026, 1, 5);
    private readonly DateTimeZone zone = DateTimeZoneProviders.Tzdb[program.Zone];

    public LoyaltyProgram Program => program;

    public LintAssumptions Assumptions => assumptions;

    /// <summary>The usual instant of witnesses.</summary>
    public Instant Noon => At(Base);

    /// <summary>Noon of a day.</summary>
    public Instant At(LocalDate day) => day.At(new LocalTime(12, 0)).InZoneLeniently(zone).ToInstant();

    /// <summary>The day of an instant.</summary>
    public LocalDate DayOf(Instant instant) => instant.InZone(zone).Date;

    public Moment MomentOf(Instant instant) => new(instant, zone);

    /// <summary>The first instant, from a usual day on, at which hours cover; null where there is none.</summary>
    public Instant? In(EarningHours hours)
    {
        var from = hours.From?.Date ?? (hours.Until is { } until && until.Date <= Base ? until.Date.PlusDays(-DaysLookedThrough) : Base);
        var times = hours.Hours.Select(part => part.From).Append(new LocalTime(12, 0)).Append(LocalTime.Midnight).Append(hours.From?.TimeOfDay ?? LocalTime.Midnight).Distinct().ToList();
        for (var day = 0; day <= DaysLookedThrough; day++)
        {
            foreach (var time in times)
            {
                var instant = from.PlusDays(day).At(time).InZoneLeniently(zone).ToInstant();
                if (hours.Cover(MomentOf(instant)))
                {
                    return instant;
                }
            }
        }

        return null;
    }

    /// <summary>The currency in which a rule counts.</summary>
    public Currency CurrencyOf(IEarningRule rule) => (rule as PointsPerAmount)?.Every.Currency ?? rule.Terms.MinimumSpend?.Currency ?? UsualCurrency;

    /// <summary>The currency of the programme's amounts, or that of Hong Kong.</summary>
    public Currency UsualCurrency => program.Rules.OfType<PointsPerAmount>().Select(rule => rule.Every.Currency)
        .Concat(program.Payment is { } payment ? [payment.Value.Currency] : [])
        .Concat(program.Rewards.Select(reward => UnitWorth.WorthOf(reward, assumptions)).OfType<Money>().Select(worth => worth.Currency))
        .Append(Currency.Hkd).First();

    /// <summary>The least that a purchase costs for which a rule is asked and gives a step.</summary>
    public Money StepOf(IEarningRule rule)
    {
        var least = LeastOf(rule);
        var step = rule is PointsPerAmount { Every: var every, Rounding: Rounding.Floor or Rounding.Carry }
            ? every with { MinorUnits = checked((least.MinorUnits + every.MinorUnits - 1) / every.MinorUnits * every.MinorUnits) }
            : least;
        return rule is PointsPerItem items ? step with { MinorUnits = Math.Max(step.MinorUnits, checked(items.Every * PriceIn(items, step.Currency))) } : step;
    }

    /// <summary>The least that a purchase costs for which a rule is asked.</summary>
    public Money LeastOf(IEarningRule rule)
    {
        var currency = CurrencyOf(rule);
        var least = Math.Max(assumptions.LeastIn(currency).MinorUnits, rule.Terms.MinimumSpend is { } minimum && minimum.Currency == currency ? minimum.MinorUnits : 0);
        return new Money((rule as EarningRule)?.Articles is { } articles && SkuOf(articles) is { } sku && assumptions.PriceOf(sku) is { } price && price.Currency == currency ? Math.Max(least, price.MinorUnits) : least, currency);
    }

    /// <summary>A cart for which a rule is asked, or an event of its kind; null where no host could send one, or none can be made.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="key">Names the event.</param>
    /// <param name="spend">What is paid; null: as little as gives a step.</param>
    /// <param name="at">When; null: as the rule's hours say.</param>
    public CustomerEvent? For(IEarningRule rule, string key, Money? spend = null, Instant? at = null)
    {
        var kind = rule.On.FirstOrDefault(IsSent);
        if (kind is null || (at ?? In(rule.Terms.Hours)) is not { } instant)
        {
            return null;
        }

        var paid = spend ?? StepOf(rule);
        var happened = new CustomerEvent { Key = new EventKey("witness", key), Kind = kind, Identity = Witness.Customer, OccurredAt = instant };
        happened = happened with
        {
            Channel = First(rule.Terms.Scope.Channels, program.Scope.Channels),
            Brand = First(rule.Terms.Scope.Brands, program.Scope.Brands),
            Fields = First(rule.Terms.Scope.Stores, program.Scope.Stores) is { } store ? Fields.Of((EarningScope.StoreField, store)) : default,
        };
        if (kind != EventKinds.PurchaseName)
        {
            return happened;
        }

        var articles = (rule as EarningRule)?.Articles;
        var line = articles is null ? null : LineOf(articles, rule is PointsPerItem items ? items.Every : 1, paid);
        return articles is not null && line is null ? null : happened with { Spend = paid, Lines = line is { } one ? [one] : [] };
    }

    /// <summary>A purchase that no rule in particular asks for.</summary>
    public CustomerEvent Purchase(string key, Money spend, Instant at) => new()
    {
        Key = new EventKey("witness", key),
        Kind = EventKinds.PurchaseName,
        Identity = Witness.Customer,
        OccurredAt = at,
        Spend = spend,
        Channel = First(program.Scope.Channels, []),
        Brand = First(program.Scope.Brands, []),
        Fields = First(program.Scope.Stores, []) is { } store ? Fields.Of((EarningScope.StoreField, store)) : default,
    };

    /// <summary>What a customer does first who has to be a member.</summary>
    public IEnumerable<WitnessStep> Joining(Instant before, Identity? who = null) => program.Membership.Enrolment == Enrolment.Open && program.Membership.Welcome.IsEmpty
        ? []
        : [Join(before - Duration.FromMinutes(5), who ?? Witness.Customer)];

    /// <summary>Joining.</summary>
    public WitnessStep Join(Instant at, Identity who) => new(MemberEvents.Join(
        $"witness:join-{who.Value}", who, program.Membership.Terms, null, program.Name, program.Membership.Enrolment == Enrolment.ByInvitation ? "staff:1" : null) with { OccurredAt = at });

    /// <summary>Supplies large enough for everything.</summary>
    public Sequence<WitnessSupply> Filled =>
    [
        .. program.Budgets.Select(budget => new WitnessSupply(budget.Quota(program.Name), 1_000_000_000)),
        .. program.Rewards.Where(reward => reward.Stocked).Select(reward => new WitnessSupply(LoyaltyNames.StockOf(program.Name, reward.Name), 1_000_000)),
    ];

    /// <summary>Asks for a reward, or for a payment by units; null where it cannot be asked for so.</summary>
    public WitnessStep? Redeem(UnitWorth worth, long times, Instant at)
    {
        var authority = SpendAuthority.SignedIn(Witness.Customer);
        if (worth.Path == "payment")
        {
            return program.Payment is { } payment
                ? new WitnessStep(RewardEvents.Pay("witness:pay", authority, checked(worth.Units * times), payment.Value with { MinorUnits = checked(payment.Value.MinorUnits * times * 100 / payment.MostPercent * 2) }, program.Name) with { OccurredAt = at })
                : null;
        }

        var reward = program.Rewards.Where((_, place) => worth.Path == $"rewards[{place}]").FirstOrDefault();
        if (reward is null || reward.Code is { Imported: true })
        {
            return null;
        }

        var code = reward.Code is { } form ? string.Concat(form.Pattern.Select(letter => letter == '#' ? form.Alphabet[0] : letter)) : null;
        var quantity = checked(times * (reward.Kind is RewardKind.FreeItem item ? item.Quantity : 1));
        return quantity > 10_000 ? null : new WitnessStep(RewardEvents.Redeem("witness:redeem", authority, reward.Name, quantity, code, program.Name) with { OccurredAt = at });
    }

    /// <summary>What a rule without condition gives for a cart by itself, its least and most seen to.</summary>
    public Earning? Earned(EarningRule rule, CustomerEvent cart)
    {
        var moment = MomentOf(cart.OccurredAt ?? Noon);
        var terms = rule.Terms;
        if (!rule.On.Contains(cart.Kind) || !program.Scope.Covers(cart) || !terms.Scope.Covers(cart) || !terms.Hours.Cover(moment)
            || (terms.MinimumSpend is { } minimum && (cart.Spend is not { } spend || spend.Currency != minimum.Currency || spend < minimum))
            || !rule.Resolved(program.Collections).TryEarn(new EarningContext(cart, moment, new CartAlone(cart, moment)), out var earning))
        {
            return null;
        }

        return earning with { Amount = Math.Min(Math.Max(Math.Clamp(earning.Amount, 0, PointsPerAmount.Most), terms.Least ?? 0), terms.Most ?? long.MaxValue) };
    }

    /// <summary>An article that lines include, by its collection where they name one.</summary>
    public string? SkuOf(EarningBasis.Lines lines) => LineOf(lines, 1, new Money(1, UsualCurrency))?.Sku;

    private long PriceIn(PointsPerItem items, Currency currency) => SkuOf(items.Items) is { } sku && assumptions.PriceOf(sku) is { } price && price.Currency == currency ? price.MinorUnits : assumptions.LeastIn(currency).MinorUnits;

    private EventLine? LineOf(EarningBasis.Lines lines, int quantity, Money spend)
    {
        var resolved = lines.Resolved(program.Collections);
        var candidates = resolved.Skus.Select(sku => new EventLine(sku, quantity, spend))
            .Concat(resolved.Categories.Select(category => new EventLine("article", quantity, spend, category)))
            .Append(new EventLine("article", quantity, spend));
        foreach (var candidate in candidates)
        {
            if (resolved.Match(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    // What a host sends itself: not the answers of modules, and not the occasions of the calendar.
    private static bool IsSent(string kind) => kind is not (YearlyPoints.Occasion or MemberEvents.Registered or MemberEvents.Rejoined or SegmentEntry.Entered or EventKinds.RefundName or EventKinds.CancellationName)
        && LoyaltyEchoes.All.All(echo => echo.Kind != kind);

    private static string? First(Sequence<string> own, Sequence<string> whole) => own.Concat(whole).FirstOrDefault(name => (own.IsEmpty || own.Contains(name)) && (whole.IsEmpty || whole.Contains(name))) ?? (own.IsEmpty ? null : own[0]);

    /// <summary>A cart of a customer of whom nothing is known.</summary>
    private sealed class CartAlone(CustomerEvent cart, Moment moment) : IEvidence
    {
        public Moment Moment => moment;

        public Scalar Field(string name) => EventFields.ReadScoped(cart, name);

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => throw new InvalidOperationException($"A rule without conditions asked about the window of '{leaf.Kind}'.");
    }
}
