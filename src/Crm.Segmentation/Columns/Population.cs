using System.Numerics;
using Crm.Conditions;
using Crm.Values;

namespace Crm.Segmentation.Columns;

/// <summary>
/// A whole population in memory, by columns: for each kind of event the instants and running sums of all customers one after the other, for each fact its values. A condition is compiled to a
/// scan of the columns it asks for. It gives what the evaluator gives of what is left of each customer's history; what the columns do not say exactly is refused.
/// </summary>
/// <remarks>It is never changed, and safe for several threads. Made with <see cref="PopulationBuilder"/>.</remarks>
public sealed class Population
{
    /// <summary>How many customers are scanned at a time: few enough that what one part reads is still at hand for the next.</summary>
    internal const int Block = 4_096;

    private readonly CustomerId[] customers;
    private readonly Dictionary<string, EventColumns> events;
    private readonly Dictionary<string, FactColumn> facts;

    internal Population(CustomerId[] customers, Dictionary<string, EventColumns> events, Dictionary<string, FactColumn> facts)
    {
        this.customers = customers;
        this.events = events;
        this.facts = facts;
    }

    /// <summary>How many customers there are.</summary>
    public int Count => customers.Length;

    /// <summary>The memory of the columns of events, in bytes.</summary>
    public long EventBytes => events.Values.Sum(columns => columns.Bytes);

    /// <summary>The memory of the customers and the columns of facts, in bytes.</summary>
    public long CustomerBytes => (16L * customers.Length) + facts.Values.Sum(column => column.Bytes);

    /// <summary>The parts of a condition that the columns do not say exactly, each with its path; none when it can be selected by.</summary>
    public Sequence<ConditionError> Refusals(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var compiling = new ScanCompiler(events, facts, new Moment(NodaTime.Instant.FromUnixTimeTicks(0), NodaTime.DateTimeZone.Utc) { Calendars = null }, judgesMoments: false);
        compiling.Compile(condition, "$");
        return compiling.Refusals;
    }

    /// <summary>The customers of whom a condition holds.</summary>
    /// <param name="condition">A condition without errors.</param>
    /// <param name="moment">As of when; not before the newest event.</param>
    /// <exception cref="ArgumentException">The condition is refused; the message lists the parts.</exception>
    public PopulationSet Select(Condition condition, Moment moment)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var compiling = new ScanCompiler(events, facts, moment, judgesMoments: true);
        var scan = compiling.Compile(condition, "$");
        if (!compiling.Refusals.IsEmpty)
        {
            throw new ArgumentException("The columns do not say this exactly: " + string.Join(Environment.NewLine, compiling.Refusals), nameof(condition));
        }

        var bits = new ulong[(customers.Length + 63) / 64];
        for (var first = 0; first < customers.Length; first += Block)
        {
            scan.Fill(first, Math.Min(first + Block, customers.Length), bits.AsSpan(first / 64));
        }

        return new PopulationSet(this, bits);
    }

    internal CustomerId At(int place) => customers[place];
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
