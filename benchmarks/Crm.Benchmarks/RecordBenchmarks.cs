using BenchmarkDotNet.Attributes;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;

namespace Crm.Benchmarks;

/// <summary>One purchase recorded into the memory store: load, decode, fold, encode, receipt, commit.</summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private static readonly TierValidity Months = new TierValidity.Fixed(12, 0, LastDay.Included);
    private readonly Lazy<Till> shop = new(() => new Till(TeaShop.Modules()));
    private readonly Lazy<Till> simple = new(() => new Till(TeaShop.SimpleProgram));
    private readonly Lazy<Till> year = new(() => new Till(TeaShop.Climbing(QualificationWindow.CalendarYear, null)));
    private readonly Lazy<Till> warnedYear = new(() => new Till(TeaShop.Climbing(QualificationWindow.CalendarYear, null, warnDaysBefore: 30)));
    private readonly Lazy<Till> rolling = new(() => new Till(TeaShop.Climbing(new QualificationWindow.Rolling(6), Months)));
    private readonly Lazy<Till> warnedRolling = new(() => new Till(TeaShop.Climbing(new QualificationWindow.Rolling(6), Months, warnDaysBefore: 30)));

    [Benchmark]
    public long Record_one_purchase() => shop.Value.Record();

    /// <summary>The same under one rule, "1 point per whole 1.00", and nothing that watches.</summary>
    [Benchmark]
    public long Record_one_simple_purchase() => simple.Value.Record();

    /// <summary>The simple one that counts on a ladder by the calendar year.</summary>
    [Benchmark]
    public long Record_one_by_the_year() => year.Value.Record();

    /// <summary>The same where members are warned of the end of their tier.</summary>
    [Benchmark]
    public long Record_one_by_the_year_that_warns() => warnedYear.Value.Record();

    /// <summary>The simple one that counts on a ladder over the last six months, whose tiers last a year.</summary>
    [Benchmark]
    public long Record_one_by_the_last_months() => rolling.Value.Record();

    /// <summary>The same where members are warned of the end of their tier.</summary>
    [Benchmark]
    public long Record_one_by_the_last_months_that_warns() => warnedRolling.Value.Record();
}
