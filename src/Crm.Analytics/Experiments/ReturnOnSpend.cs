namespace Crm.Analytics.Experiments;

/// <summary>
/// What a campaign brought for what it cost, in two figures that are often taken for each other. <see cref="Roas"/> is all that its people spent over its cost, and counts what they would have spent anyway.
/// <see cref="IncrementalRoas"/> is what they spent more than those who were held out, over what was spent on them more.
/// </summary>
public sealed record ReturnOnSpend
{
    private ReturnOnSpend(ArmReturns treated, ArmReturns control, double fixedCost, double level)
    {
        var people = treated.Revenue.Count;
        var perPerson = fixedCost / people;
        Revenue = treated.Revenue.Total;
        Cost = treated.Cost.Total + fixedCost;
        Roas = Cost > 0 ? Revenue / Cost : null;
        PerPerson = MeanEffect.Of(treated.Revenue, control.Revenue, level);
        Incremental = PerPerson.Difference * people;
        IncrementalInterval = PerPerson.Interval.Times(people);
        var cost = treated.Cost.Mean - control.Cost.Mean + perPerson;
        IncrementalCost = cost * people;
        IncrementalRoas = cost > 0 ? PerPerson.Difference / cost : null;
        IncrementalRoasSet = RatioSet.Fieller(
            (PerPerson.Difference, treated.Revenue.MeanVariance + control.Revenue.MeanVariance),
            (cost, treated.Cost.MeanVariance + control.Cost.MeanVariance),
            (treated.Covariance / people) + (control.Covariance / control.Revenue.Count),
            ConfidenceInterval.Reach(level),
            level);
    }

    /// <summary>What the treated spent, all of it.</summary>
    public double Revenue { get; }

    /// <summary>What was spent on the treated.</summary>
    public double Cost { get; }

    /// <summary><see cref="Revenue"/> over <see cref="Cost"/>; null where nothing was spent.</summary>
    public double? Roas { get; }

    /// <summary>How much more one of the treated spent than one of those held out.</summary>
    public MeanEffect PerPerson { get; }

    /// <summary>How much more all of the treated spent than if they had been held out: (revenue per treated − revenue per held out) × treated.</summary>
    public double Incremental { get; }

    /// <summary>The interval of <see cref="Incremental"/>.</summary>
    public ConfidenceInterval IncrementalInterval { get; }

    /// <summary>What was spent on the treated more than on as many of those held out, who have coupons and points of other origin.</summary>
    public double IncrementalCost { get; }

    /// <summary><see cref="Incremental"/> over <see cref="IncrementalCost"/>; null where no more was spent. Above 1 revenue covers the cost; with a margin m, 1/m does.</summary>
    public double? IncrementalRoas { get; }

    /// <summary>The values of <see cref="IncrementalRoas"/> that are not contradicted, after Fieller, with revenue and cost of a person going together as they do.</summary>
    public RatioSet IncrementalRoasSet { get; }

    /// <summary>The return of a campaign.</summary>
    /// <param name="treated">Those with the treatment, everybody who was assigned to it.</param>
    /// <param name="control">Those held out.</param>
    /// <param name="fixedCost">What the campaign cost besides what each person did, such as its making; in the same unit as the amounts, 0 or more.</param>
    /// <param name="level">That of the intervals; between 0 and 1.</param>
    public static ReturnOnSpend Of(ArmReturns treated, ArmReturns control, double fixedCost = 0, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(treated);
        ArgumentNullException.ThrowIfNull(control);
        ArgumentOutOfRangeException.ThrowIfNegative(fixedCost);
        return new ReturnOnSpend(treated, control, fixedCost, level);
    }
}
