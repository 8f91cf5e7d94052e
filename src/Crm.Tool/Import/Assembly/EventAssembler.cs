using Crm.Events;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Import.Assembly;

/// <summary>
/// Puts the rows of a file together to events. Pure: the same rows give the same events, and the order of rows that have a key does not matter, apart from the order of
/// an event's lines. An event of which a row is rejected is rejected with all its rows: recorded without it, it would be smaller for ever, because its key comes once.
/// </summary>
internal sealed class EventAssembler
{
    private readonly Mapping mapping;
    private readonly RowReader reader;
    private readonly OccurrenceKeys occurrences = new();
    private readonly Dictionary<string, Group> groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> ignored = new(StringComparer.Ordinal);
    private readonly List<RejectedRow> rejected = [];
    private readonly HashSet<string> broken = new(StringComparer.Ordinal);
    private long rows;

    /// <param name="latest">Times after this instant are rejected.</param>
    public EventAssembler(Mapping mapping, ColumnPlaces places, Instant latest)
    {
        this.mapping = mapping;
        reader = new RowReader(mapping, places, latest);
    }

    /// <summary>Puts a whole file together, reading it row by row.</summary>
    /// <param name="each">Called after each row with how many there were; for a progress bar.</param>
    public static Assembled Assemble(Mapping mapping, string path, Instant latest, Action<long>? each = null)
    {
        EventAssembler? assembler = null;
        foreach (var row in SourceFile.Rows(path, mapping.Format))
        {
            if (assembler is null)
            {
                assembler = new EventAssembler(mapping, ColumnPlaces.Find(mapping, path, row), latest);
                if (mapping.Format.Header)
                {
                    continue;
                }
            }

            assembler.Take(row);
            each?.Invoke(assembler.rows);
        }

        return assembler?.Finish() ?? throw ToolException.Input($"{path}: found no row; expected {(mapping.Format.Header ? "a header and " : "")}rows with {string.Join(", ", mapping.Columns)}.");
    }

    public void Take(SourceRow row)
    {
        rows++;
        switch (reader.Read(row))
        {
            case RowReading.Ignored left:
                ignored[left.Reason] = ignored.GetValueOrDefault(left.Reason) + 1;
                break;
            case RowReading.Rejected wrong:
                Reject(wrong.Row, wrong.Key);
                break;
            case RowReading.Used used:
                Add(row, used);
                break;
            default:
                throw new InvalidOperationException("A row is used, ignored or rejected.");
        }
    }

    public Assembled Finish()
    {
        foreach (var key in broken)
        {
            if (groups.Remove(key, out var group))
            {
                rejected.AddRange(group.Rows.Select(line => new RejectedRow(line, mapping.Key[0].ToString(), key, "another-row-was-rejected")));
            }
        }

        // Customer by customer, each in the order of time: a customer's events are then decided and committed together, and no event is late.
        var order = groups
            .OrderBy(pair => pair.Value.Time)
            .ThenBy(pair => pair.Value.Meaning == RowMeaning.Refund)
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .GroupBy(pair => pair.Value.Customer)
            .SelectMany(customer => customer)
            .ToList();
        var reasons = mapping.Rows.Where(rule => rule.Then == RowMeaning.Ignore).Select(rule => rule.Reason ?? "ignored").Distinct(StringComparer.Ordinal);
        return new Assembled
        {
            Events = order.Select(pair => new SourceEvent(EventOf(pair.Key, pair.Value), pair.Value.Rows[0])),
            Count = order.Count,
            Rows = rows,
            Lines = order.Sum(pair => (long)pair.Value.Rows.Count),
            Ignored = [.. reasons.Select(reason => KeyValuePair.Create(reason, ignored.GetValueOrDefault(reason)))],
            Rejected = [.. rejected.OrderBy(row => row.Line)],
            RoundedLines = order.Sum(pair => pair.Value.RoundedLines),
        };
    }

    private void Add(SourceRow row, RowReading.Used used)
    {
        var key = used.Key ?? occurrences.Next(row.Cells);
        if (groups.TryGetValue(key, out var group))
        {
            if (group.Customer != used.Customer)
            {
                Reject(new RejectedRow(row.Line, mapping.Customer.Column.ToString(), used.Customer.Value, "another-customer-under-the-same-key"), key);
                return;
            }

            if (group.Meaning != used.Meaning)
            {
                Reject(new RejectedRow(row.Line, mapping.Key[0].ToString(), key, "purchase-and-refund-under-the-same-key"), key);
                return;
            }
        }
        else
        {
            group = new Group(used);
            groups.Add(key, group);
        }

        if (used.Article is not null && group.Lines?.Count >= CustomerEvent.MostLines)
        {
            Reject(row, mapping.Key[0], "too-many-lines");
        }
        else if (group.Spend.MinorUnits > CustomerEvent.MostMinorUnits - used.Total.MinorUnits)
        {
            Reject(row, mapping.Line.Amount, "too-large");
        }
        else
        {
            group.Add(used, row.Line);
        }
    }

    private void Reject(SourceRow row, Column column, string reason)
    {
        var wrong = reader.Reject(row, column, reason);
        Reject(wrong.Row, wrong.Key);
    }

    private void Reject(RejectedRow row, string? key)
    {
        rejected.Add(row);
        if (key is not null)
        {
            broken.Add(key);
        }
    }

    private CustomerEvent EventOf(string key, Group group) => new()
    {
        Key = new EventKey(mapping.Source, key),
        Kind = group.Meaning == RowMeaning.Refund ? EventKinds.RefundName : EventKinds.PurchaseName,
        Identity = group.Customer,
        OccurredAt = group.Time,
        Channel = group.Channel,
        Brand = group.Brand,
        Spend = group.Spend,
        Lines = group.Lines?.ToSequence() ?? [],
    };

    /// <summary>The rows under one key so far.</summary>
    private sealed class Group(RowReading.Used first)
    {
        public RowMeaning Meaning { get; } = first.Meaning;

        public Identity Customer { get; } = first.Customer;

        public string? Channel { get; } = first.Channel;

        public string? Brand { get; } = first.Brand;

        /// <summary>The lines of the file in which they stand.</summary>
        public List<long> Rows { get; } = new(1);

        public long RoundedLines { get; private set; }

        public Instant Time { get; private set; } = first.Time;

        public Money Spend { get; private set; } = new(0, first.Total.Currency);

        public List<EventLine>? Lines { get; private set; }

        public void Add(RowReading.Used used, long line)
        {
            Rows.Add(line);
            RoundedLines += used.Rounded ? 1 : 0;
            Time = Instant.Min(Time, used.Time);
            Spend += used.Total;
            if (used.Article is not null)
            {
                (Lines ??= new List<EventLine>(1)).Add(new EventLine(used.Article, used.Quantity, used.Total, used.Category));
            }
        }
    }
}
