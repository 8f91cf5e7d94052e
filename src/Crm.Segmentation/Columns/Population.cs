using System.Numerics;
using Crm.Conditions;
using Crm.Values;

namespace Crm.Segmentation.Columns;

/// <summary>
/// A whole population in memory, by columns: for each kind of event the instants and running sums of all customers one after the other, for each fact its values. A condition is compiled to a
/// scan of the columns it asks for. It gives what the evaluator gives of what is left of each customer's history and of the profile; what the population was made without is refused with its path.
/// </summary>
/// <remarks>It is never changed, and safe for several threads. Made with <see cref="PopulationBuilder"/>.</remarks>
public sealed class Population
{
    /// <summary>How many customers are scanned at a time: few enough that what one part reads is still at hand for the next.</summary>
    internal const int Block = 4_096;

    private readonly CustomerId[] customers;
    private readonly PopulationColumns columns;

    internal Population(CustomerId[] customers, PopulationColumns columns)
    {
        this.customers = customers;
        this.columns = columns;
    }

    /// <summary>How many customers there are.</summary>
    public int Count => customers.Length;

    /// <summary>The memory of the columns of events, in bytes.</summary>
    public long EventBytes => columns.Events.Values.Sum(of => of.Bytes) + columns.Samples.Values.Sum(of => of.Bytes);

    /// <summary>The memory of the customers and the columns of facts and profiles, in bytes.</summary>
    public long CustomerBytes => (16L * customers.Length) + columns.Facts.Values.Concat(columns.Profile.Values).Sum(column => column.Bytes);

    /// <summary>The parts of a condition that the columns do not say exactly, each with its path; none when it can be selected by. Where events have been disposed of, a measure with a window that ends may be refused besides, as of a moment from which it reaches back to them.</summary>
    public Sequence<ConditionError> Refusals(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var compiling = new ScanCompiler(columns, new Moment(NodaTime.Instant.FromUnixTimeTicks(0), NodaTime.DateTimeZone.Utc) { Calendars = null }, judgesMoments: false);
        compiling.Compile(condition, "$");
        return compiling.Refusals;
    }

    /// <summary>The customers of whom a condition holds.</summary>
    /// <param name="condition">A condition without errors.</param>
    /// <param name="moment">As of when; not before the newest event.</param>
    /// <param name="threads">How many threads scan, at least 1. More of them help as long as the memory keeps up.</param>
    /// <exception cref="ArgumentException">The condition is refused; the message lists the parts.</exception>
    public PopulationSet Select(Condition condition, Moment moment, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var compiling = new ScanCompiler(columns, moment, judgesMoments: true);
        var scan = compiling.Compile(condition, "$");
        if (!compiling.Refusals.IsEmpty)
        {
            throw new ArgumentException("The columns do not say this exactly: " + string.Join(Environment.NewLine, compiling.Refusals), nameof(condition));
        }

        var bits = new ulong[(customers.Length + 63) / 64];
        var blocks = (customers.Length + Block - 1) / Block;
        if (threads == 1)
        {
            Fill(0, blocks);
        }
        else
        {
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, part => Fill((int)((long)blocks * part / threads), (int)((long)blocks * (part + 1) / threads)));
        }

        return new PopulationSet(this, bits);

        // Blocks are whole words of bits, so that no two threads write the same one.
        void Fill(int from, int until)
        {
            for (var block = from; block < until; block++)
            {
                var first = block * Block;
                scan.Fill(first, Math.Min(first + Block, customers.Length), bits.AsSpan(first / 64));
            }
        }
    }

    /// <summary>
    /// The measure with the test that the customers pass of whom it is greatest, such as the hundred top spenders of a month: at least as much as the last of them has. Who is top depends on everybody,
    /// so the line is drawn here, once, and the condition can be kept as a definition. Those who have exactly as much as the last are all in; those who have nothing are not.
    /// </summary>
    /// <param name="measure">A count or a sum of spend; its test is not looked at.</param>
    /// <param name="count">How many at least; at least 1. Where fewer have more than 0, all who have.</param>
    /// <param name="moment">As of when; not before the newest event.</param>
    /// <exception cref="ArgumentException">The measure is refused; the message lists why.</exception>
    public Condition.EventWindow Top(Condition.EventWindow measure, int count, Moment moment)
    {
        ArgumentNullException.ThrowIfNull(measure);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var unit = measure.Measure is Measure.SumOfSpend spent ? ScanCompiler.Unit(spent.Currency) : 1;

        // The greatest line that so many still reach lies from low, which they reach, to below high, which they do not.
        var (low, high) = (0L, 1L);
        while (Reach(high))
        {
            (low, high) = (high, checked(2 * high));
        }

        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = Reach(middle) ? (middle, high) : (low, middle);
        }

        return low == 0 ? measure with { Is = new Test.MoreThan(0) } : From(low);

        bool Reach(long line) => Select(From(line), moment).Count >= count;

        Condition.EventWindow From(long line) => measure with { Is = new Test.AtLeast(line / unit) };
    }

    internal CustomerId At(int place) => customers[place];

    /// <summary>Where a customer is; less than 0 for one who is not in the population.</summary>
    internal int PlaceOf(CustomerId customer) => Array.BinarySearch(customers, customer);
}

/// <summary>The columns of a population.</summary>
/// <param name="Events">By kind of event.</param>
/// <param name="Samples">By measure, for what the columns of events do not say.</param>
/// <param name="Facts">By fact.</param>
/// <param name="Profile">By field of the profile.</param>
internal sealed record PopulationColumns(Dictionary<string, EventColumns> Events, Dictionary<Condition.EventWindow, SampleColumns> Samples, Dictionary<string, FactColumn> Facts, Dictionary<string, FactColumn> Profile)
{
    /// <summary>Up to when events of any customer have been disposed of; null: all histories are whole.</summary>
    public NodaTime.Instant? DisposedUntil { get; init; }
}

/// <summary>Some of the customers of a population: a bit for each.</summary>
public sealed class PopulationSet
{
    private readonly Population population;
    private readonly ulong[] bits;

    internal PopulationSet(Population population, ulong[] bits)
    {
        this.population = population;
        this.bits = bits;
    }

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var word in bits)
            {
                count += BitOperations.PopCount(word);
            }

            return count;
        }
    }

    /// <summary>The customers, in the order of their ids.</summary>
    public IEnumerable<CustomerId> Customers
    {
        get
        {
            for (var i = 0; i < bits.Length; i++)
            {
                for (var word = bits[i]; word != 0; word &= word - 1)
                {
                    yield return population.At((64 * i) + BitOperations.TrailingZeroCount(word));
                }
            }
        }
    }

    /// <summary>Whether a customer is among them; no for one who is not in the population.</summary>
    public bool Contains(CustomerId customer) => population.PlaceOf(customer) is >= 0 and var place && (bits[place / 64] >> (place % 64) & 1) != 0;

    /// <summary>How many are in both.</summary>
    /// <exception cref="ArgumentException">The other set is of another population.</exception>
    public int Overlap(PopulationSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!ReferenceEquals(population, other.population))
        {
            throw new ArgumentException("The sets are of two populations, so their places mean different customers; select both from one.", nameof(other));
        }

        var count = 0;
        for (var i = 0; i < bits.Length; i++)
        {
            count += BitOperations.PopCount(bits[i] & other.bits[i]);
        }

        return count;
    }
}
