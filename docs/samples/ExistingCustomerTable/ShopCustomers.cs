using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using Crm.Storage;
using Crm.Values;
using NodaTime.Text;

namespace ExistingCustomerTable;

// snippet: profiles
/// <summary>
/// The profile of customers in a table that the shop had before: "shop_customer", with a number as key. The key is the identity of kind "user"; birthday, district and whether they are staff are the
/// profile. The same SQL runs on SQLite and PostgreSQL.
/// </summary>
/// <param name="connect">Gives a connection that is not open yet.</param>
public sealed class ShopCustomers(Func<DbConnection> connect) : ICustomerProfiles
{
    private const int Page = 500;

    /// <summary>The view for audiences in the database. Its columns have the names of the fields; the stamp is made of these and of nothing else.</summary>
    public const string CreateView = """
        CREATE VIEW shop_customer_profile AS
        SELECT id, CAST(id AS text) AS user_key, CAST(birthday AS text) AS birthday, district, CASE WHEN is_staff THEN 1 ELSE 0 END AS staff,
            COALESCE(CAST(birthday AS text), '-') || '/' || CASE WHEN is_staff THEN 'staff' ELSE 'guest' END || '/' || COALESCE('=' || district, '-') AS stamp
        FROM shop_customer
        """;

    public string View => "shop_customer_profile";

    public IReadOnlyDictionary<string, ScalarKind> ViewFields { get; } =
        new Dictionary<string, ScalarKind> { ["birthday"] = ScalarKind.Date, ["district"] = ScalarKind.Code, ["staff"] = ScalarKind.Flag };

    public async ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken)
    {
        // Whoever comes with another identity, or with a key that is no number of ours, is not in the table.
        cancellationToken.ThrowIfCancellationRequested();
        return long.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id.ToString(CultureInfo.InvariantCulture) == user
            && await SomeAsync("id = @id", id, cancellationToken) is [var row] ? row.Profile.Values : Fields.None;
    }

    public async IAsyncEnumerable<HostProfile> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var last = long.MinValue; await SomeAsync($"id > @id ORDER BY id LIMIT {Page}", last, cancellationToken) is { Count: > 0 } page; last = page[^1].Id)
        {
            foreach (var (_, profile) in page)
            {
                yield return profile;
            }
        }
    }

    // end
    private async Task<List<(long Id, HostProfile Profile)>> SomeAsync(string which, long id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await using var connection = connect();
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // one of two texts of this class
        command.CommandText = $"SELECT id, user_key, birthday, district, staff, stamp FROM shop_customer_profile WHERE {which}";
#pragma warning restore CA2100
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("@id", id);
        command.Parameters.Add(parameter);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(long, HostProfile)>();
        while (await row.ReadAsync(cancellationToken))
        {
            var birthday = row.IsDBNull(2) ? default : (Scalar)LocalDatePattern.Iso.Parse(row.GetString(2)).Value;
            var district = row.IsDBNull(3) ? default : (Scalar)row.GetString(3);
            rows.Add((row.GetInt64(0), new HostProfile(row.GetString(1), Fields.Of(("birthday", birthday), ("district", district), ("staff", row.GetInt32(4) == 1)), row.GetString(5))));
        }

        return rows;
    }
}
