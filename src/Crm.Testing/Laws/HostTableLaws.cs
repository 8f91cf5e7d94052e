using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>What is read of a host's table is what the host wrote.</summary>
internal static class HostTableLaws
{
    private static readonly CustomerId Customer = Samples.Customer(1);
    private static readonly string?[] Strangers = [null, "999999", "", "amy", "1 OR 1=1", "9999999999999999999999", "1.0", " "];

    public static IReadOnlyList<ProfileLaw> All { get; } =
    [
        new(
            "Whom_the_host_does_not_know_has_no_values",
            "A key that nobody has, no key, and one that the host cannot have given are nobody's: the profile is empty, and nothing fails.",
            async (table, cancellationToken) =>
            {
                await table.WriteAsync(1, table.Samples[0], cancellationToken);
                foreach (var user in Strangers)
                {
                    Same($"The profile of '{user}'", "", Shown(await table.Profiles.ReadAsync(Customer, user, cancellationToken)));
                }
            })
        { Counterfeit = () => new CounterfeitTable { Read = (rows, user) => user == "amy" ? throw new LawBroken("The key 'amy'", "an error", "nobody") : rows.GetValueOrDefault(user ?? "") } },
        new(
            "Values_come_back_as_the_host_wrote_them",
            "Every field of every sample is read by the key, letter by letter and to the day; a field that the host left out is absent, and one that changes is the new one.",
            async (table, cancellationToken) =>
            {
                foreach (var values in table.Samples)
                {
                    var user = await table.WriteAsync(1, values, cancellationToken);
                    await table.WriteAsync(2, table.Samples[0], cancellationToken);
                    Same("A profile", Shown(values), Shown(await table.Profiles.ReadAsync(Customer, user, cancellationToken)));
                }
            })
        { Counterfeit = () => new CounterfeitTable { Read = (rows, user) => user is "1" && rows.TryGetValue(user, out var values) && values.Count > 0 && !values.Equals(rows.GetValueOrDefault("2")) ? Fields.Of(values.SkipLast(1).Select(field => (field.Key, field.Value))) : rows.GetValueOrDefault(user ?? "") } },
        new(
            "All_are_read_as_each_is_read",
            "Reading all gives everybody once, with what reading one gives.",
            async (table, cancellationToken) =>
            {
                var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
                for (var number = 1; number <= 50; number++)
                {
                    var values = table.Samples[number % table.Samples.Count];
                    expected.Add(await table.WriteAsync(number, values, cancellationToken), Shown(values));
                }

                var all = await table.Profiles.ReadAllAsync(cancellationToken).ToListAsync(cancellationToken);
                Same("Everybody", string.Join('\n', expected), string.Join('\n', all.Select(row => KeyValuePair.Create(row.User, Shown(row.Values))).OrderBy(row => row.Key, StringComparer.Ordinal)));
            })
        { Counterfeit = () => new CounterfeitTable { All = rows => rows.SkipLast(rows.Count > 40 ? 1 : 0) } },
        new(
            "A_stamp_tells_of_a_change_and_of_nothing_else",
            "The stamp of a customer is the same from one reading to the next, and after a change of what is no part of the profile; it is another one after a change of any value, and the first again when the change is undone.",
            async (table, cancellationToken) =>
            {
                var stamps = new List<string>();
                foreach (var values in table.Samples.Append(table.Samples[0]))
                {
                    await table.WriteAsync(1, values, cancellationToken);
                    var stamp = await StampAsync(table, cancellationToken);
                    await table.TouchAsync(1, cancellationToken);
                    Same("The stamp after a change of something else", stamp, await StampAsync(table, cancellationToken));
                    stamps.Add(stamp);
                }

                Same("Different stamps of different profiles", table.Samples.Count, stamps.Distinct(StringComparer.Ordinal).Count());
                Same("The stamp when a change was undone", stamps[0], stamps[^1]);
            })
        { Counterfeit = () => new CounterfeitTable { Stamp = (_, touched) => $"{touched}" } },
        new(
            "A_cancelled_reading_says_so",
            "Reading with a cancelled token throws OperationCanceledException.",
            async (table, cancellationToken) =>
            {
                var user = await table.WriteAsync(1, table.Samples[0], cancellationToken);
                await SaysSoAsync("Reading one", async cancelled => await table.Profiles.ReadAsync(Customer, user, cancelled));
                await SaysSoAsync("Reading all", async cancelled => await table.Profiles.ReadAllAsync(cancelled).ToListAsync(cancelled));
            })
        { Counterfeit = () => new CounterfeitTable { HearsCancellation = false } },
    ];

    private static async Task<string> StampAsync(IHostTable table, CancellationToken cancellationToken) =>
        (await table.Profiles.ReadAllAsync(cancellationToken).ToListAsync(cancellationToken)).Single().Stamp;

    private static string Shown(Fields values) => string.Join(' ', values.Select(field => $"{field.Key}={field.Value.Kind}:{field.Value}"));

    private static void Same<T>(string about, T expected, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, found))
        {
            throw new LawBroken(about, $"{found}", $"{expected}");
        }
    }

    private static async Task SaysSoAsync(string about, Func<CancellationToken, Task> work)
    {
        try
        {
            await work(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            return;
        }

        throw new LawBroken($"{about} with a cancelled token", "an answer", nameof(OperationCanceledException));
    }
}
