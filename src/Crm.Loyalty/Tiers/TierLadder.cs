using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>A level of a ladder.</summary>
/// <param name="Name">The name, such as "gold".</param>
/// <param name="From">How much of the ladder's metric it takes, included.</param>
public sealed record Tier(string Name, long From)
{
    /// <summary>Whether it is reached by invitation alone: staff put a floor or a pin, and no count leads there.</summary>
    public bool InvitationOnly { get; init; }

    /// <summary>What must hold too when the threshold is reached; null: nothing.</summary>
    public Condition? When { get; init; }

    /// <summary>Whether it is kept for life once reached, whatever the ladder says.</summary>
    public bool ForLife { get; init; }

    /// <summary>What it grants while it is held. Unlike rewards these are not bought.</summary>
    public Sequence<Benefit> Benefits { get; init; }

    /// <summary>Names that earlier versions of the ladder gave this level; whoever holds one of them holds this.</summary>
    public Sequence<string> Formerly { get; init; }
}

/// <summary>A standing privilege of a tier; hosts, rules and audiences read it as the fact "loyalty.PROGRAMME.LADDER.benefit.NAME".</summary>
/// <param name="Name">Such as "free-delivery".</param>
/// <param name="Value">A flag, number or code, such as 10 for a discount of 10 %.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Benefit(string Name, Scalar Value);

/// <summary>How long a tier stays after its validity ended, or its count fell: counted from that very instant.</summary>
/// <param name="Months">0 or more.</param>
/// <param name="Days">0 or more, counted after the months.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Grace(int Months, int Days);

/// <summary>Ordered levels that a metric leads to.</summary>
public sealed record TierLadder
{
    /// <summary>The name of the only ladder of most programmes.</summary>
    public const string UsualName = "tier";

    /// <summary>Its name, also the last part of the fact that it publishes.</summary>
    public string Name { get; init; } = UsualName;

    /// <summary>What counts.</summary>
    public IQualificationMetric Metric { get; init; } = new QualificationMetric.UnitsEarned("");

    /// <summary>Short for the metric that counts the earned units of a kind: its unit; null for other metrics.</summary>
    public string? Unit
    {
        get => (Metric as QualificationMetric.UnitsEarned)?.Unit;
        init => Metric = new QualificationMetric.UnitsEarned(value ?? "");
    }

    /// <summary>Over which time it counts.</summary>
    public QualificationWindow Window { get; init; } = QualificationWindow.Lifetime;

    /// <summary>When a tier that was reached begins; at once where it is held while the count reaches.</summary>
    public TierStart Start { get; init; }

    /// <summary>
    /// How long a tier is held; null: what is usual for the window, which is through the next period for windows that come one after the other, while the count reaches for rolling ones
    /// and for values as they stand, and for ever for a lifetime. With <see cref="QualificationWindow.SinceTierStart"/> it has to be said.
    /// </summary>
    public TierValidity? Validity { get; init; }

    /// <summary>Where a customer falls whose tier is over.</summary>
    public TierFall Fall { get; init; }

    /// <summary>How long a tier stays after its validity ended.</summary>
    public Grace Grace { get; init; }

    /// <summary>So many days before the day on which a tier ends that what is counted does not keep, an echo "tier.expiring" tells of it; null: nobody is told.</summary>
    public int? WarnDaysBefore { get; init; }

    /// <summary>What becomes of the count when its window closes.</summary>
    public Rollover Rollover { get; init; }

    /// <summary>The levels, lowest first, thresholds rising from 0 or more. Below the first threshold there is no tier.</summary>
    public required Sequence<Tier> Tiers { get; init; }

    /// <summary>The highest level whose threshold an amount reaches, those by invitation left out; null below the first, and for amounts below 0 that of 0.</summary>
    public string? At(long amount)
    {
        var level = LevelAt(amount);
        return level < 0 ? null : Tiers[level].Name;
    }

    /// <summary>Where a customer stands at a moment: the tier and until when, what the next one takes, what keeping this one takes and by when.</summary>
    /// <param name="standing">The standing, brought forward to the moment as reading a customer does; null: nothing was ever counted.</param>
    /// <param name="moment">The moment, in the programme's zone.</param>
    /// <param name="value">For metrics that are a value as it stands, that value; otherwise left out.</param>
    /// <param name="evidence">What conditions of tiers may look at, which are taken to go on answering as they do; null: none of them holds.</param>
    public TierProgress Progress(TierStanding? standing, Moment moment, long value = 0, IEvidence? evidence = null) => TierProgress.Of(this, standing, moment, value, evidence);

    /// <summary>How long a tier is held, said or usual.</summary>
    internal TierValidity Held => Validity ?? (Metric is QualificationMetric { IsLevel: true } ? WhileQualified : Window switch
    {
        QualificationWindow.Always => Forever,
        QualificationWindow.Rolling => WhileQualified,
        _ => TierValidity.NextPeriod,
    });

    /// <summary>Whether a tier asks a condition besides its threshold.</summary>
    internal bool Asks => Tiers.Any(tier => tier.When is not null);

    internal bool IsLevel => Metric is QualificationMetric { IsLevel: true };

    /// <summary>For a metric that is a value as it stands, that value; otherwise 0. Decisions and screens ask here.</summary>
    internal long ValueOf(Memberships.Membership membership, Conditions.IEvidence evidence) => (Metric as QualificationMetric)?.ValueOf(membership, evidence) ?? 0;

    internal static TierValidity WhileQualified { get; } = new TierValidity.WhileQualified();

    internal static TierValidity Forever { get; } = new TierValidity.Forever();

    internal int LevelAt(long amount)
    {
        var counted = Math.Max(amount, 0);
        for (var i = Tiers.Count - 1; i >= 0; i--)
        {
            if (!Tiers[i].InvitationOnly && Tiers[i].From <= counted)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The place of a level by its name, or by one that it had formerly; -1 where there is none.</summary>
    internal int LevelOf(string? tier)
    {
        if (tier is null)
        {
            return -1;
        }

        for (var i = 0; i < Tiers.Count; i++)
        {
            if (string.Equals(Tiers[i].Name, tier, StringComparison.Ordinal))
            {
                return i;
            }
        }

        for (var i = 0; i < Tiers.Count; i++)
        {
            if (Tiers[i].Formerly.Contains(tier))
            {
                return i;
            }
        }

        return -1;
    }

    internal string? NameOf(int level) => level < 0 ? null : Tiers[level].Name;

    /// <summary>The name that a level has now, which may have had another; one that is none of the ladder's stays as it is.</summary>
    internal string NameNow(string tier) => NameOf(LevelOf(tier)) ?? tier;

    /// <summary>Until when a hold lasts, its grace included; null: without end.</summary>
    internal Instant? EndOf(TierHold hold, DateTimeZone zone) => hold.Until is not { } until ? null
        : Grace == default ? until
        : until.InZone(zone).LocalDateTime.PlusMonths(Grace.Months).PlusDays(Grace.Days).InZoneLeniently(zone).ToInstant();
}
