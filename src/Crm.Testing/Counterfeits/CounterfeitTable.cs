using System.Globalization;
using System.Runtime.CompilerServices;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Counterfeits;

/// <summary>A host's table in memory; what is given as a function is wrong, the rest is right.</summary>
internal sealed class CounterfeitTable : IHostTable, ICustomerProfiles
{
    private readonly SortedDictionary<string, Fields> rows = new(StringComparer.Ordinal);
    private int touched;

    public Func<IReadOnlyDictionary<string, Fields>, string?, Fields>? Read { get; init; }

    public Func<IReadOnlyCollection<KeyValuePair<string, Fields>>, IEnumerable<KeyValuePair<string, Fields>>>? All { get; init; }

    public Func<Fields, int, string>? Stamp { get; init; }

    public bool HearsCancellation { get; init; } = true;

    public ICustomerProfiles Profiles => this;

    public IReadOnlyList<Fields> Samples { get; } =
    [
        Fields.Of(("city", "九龍"), ("born", new LocalDate(1990, 2, 28)), ("vip", true)),
        Fields.Of(("city", "Central")),
        Fields.None,
    ];

    public ValueTask<string> WriteAsync(int number, Fields values, CancellationToken cancellationToken)
    {
        var user = number.ToString(CultureInfo.InvariantCulture);
        rows[user] = values;
        return ValueTask.FromResult(user);
    }

    public ValueTask TouchAsync(int number, CancellationToken cancellationToken)
    {
        touched++;
        return ValueTask.CompletedTask;
    }

    public ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken)
    {
        Hear(cancellationToken);
        return ValueTask.FromResult(Read is { } faulty ? faulty(rows, user) : rows.GetValueOrDefault(user ?? ""));
    }

    public async IAsyncEnumerable<HostProfile> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        Hear(cancellationToken);
        foreach (var (user, values) in All?.Invoke(rows) ?? rows)
        {
            yield return new HostProfile(user, values, Stamp?.Invoke(values, touched) ?? string.Join(' ', values.Select(field => $"{field.Key}={field.Value}")));
        }
    }

    private void Hear(CancellationToken cancellationToken)
    {
        if (HearsCancellation)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
