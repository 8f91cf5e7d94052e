using System.Globalization;
using System.Text.RegularExpressions;
using Crm.Conditions;
using Crm.Values;
using NodaTime.Text;

namespace Crm.Storage.Sql;

/// <summary>
/// Fields of the profile in a compiled condition. Rows bring the values, whoever keeps them, and the tests are asked of these: the store's own as it wrote them, the host's from its view, each read as the
/// kind that the host has declared for it.
/// </summary>
internal sealed partial class AudienceProfile(AudienceSql sql, ICustomerProfiles? host, bool joinsAcrossBuckets)
{
    private string? stored;
    private string? view;

    /// <summary>A test of a field.</summary>
    public AudiencePart Of(Condition.Field field, string path)
    {
        var name = field.Name[Evaluator.ProfileScope.Length..];
        return host is null ? OfStore(field, name) : OfHost(field, name, host, path);
    }

    private AudiencePart.Asked OfStore(Condition.Field field, string name)
    {
        stored ??= sql.Sources.Row(alias => $"crm_profile {alias} ON {alias}.tenant = c.tenant AND {alias}.bucket = c.bucket AND {alias}.customer_id = c.customer_id");
        var content = sql.Column($"{stored}.content");
        return new AudiencePart.Asked(row => sql.Passes(field.Is, Binary.ReadFields(row.BytesOrNone(content()))[name], field.WhenMissing));
    }

    private AudiencePart OfHost(Condition.Field field, string name, ICustomerProfiles profiles, string path)
    {
        if (profiles.View is not { } given)
        {
            return sql.Refuse(path, $"The host keeps '{field.Name}' and names no view of its table; {nameof(ICustomerProfiles)}.{nameof(ICustomerProfiles.View)} is expected for audiences in the database.");
        }

        if (!ViewName().IsMatch(given))
        {
            return sql.Refuse(path, $"The view '{given}' of the host has no plain name; letters, digits and '_' are expected, with a schema before a point where it needs one.");
        }

        if (!profiles.ViewFields.TryGetValue(name, out var kind))
        {
            return sql.Refuse(path, $"The view '{given}' of the host does not declare '{name}'; {nameof(ICustomerProfiles.ViewFields)} is expected to say what kind of value it is.");
        }

        if (!joinsAcrossBuckets)
        {
            return sql.Refuse(path, $"'{field.Name}' is in the host's table, and a distributed database does not join the host's key with its customers.");
        }

        view ??= View(given);
        var column = sql.Column($"CAST({view}.\"{name}\" AS {{plain-text}})");
        return new AudiencePart.Asked(row => sql.Passes(field.Is, row.IsNull(column()) ? default : Read(row.Text(column()), kind, given, name), field.WhenMissing));
    }

    // The host's key is the first that the customer has claimed.
    private string View(string given)
    {
        var user = sql.Sources.Selection($"""
            SELECT k.bucket, k.customer_id, k.value FROM (
                SELECT i.customer_bucket AS bucket, i.customer_id, i.value, ROW_NUMBER() OVER (PARTITION BY i.customer_bucket, i.customer_id ORDER BY i.reference) AS place
                FROM crm_identity i WHERE i.tenant = {sql.Tenant} AND i.kind = 'user') k WHERE k.place = 1
            """);
        return sql.Sources.Row(alias => $"{given} {alias} ON {alias}.user_key {{binary}} = {user}.value");
    }

    private static Scalar Read(string text, ScalarKind kind, string view, string name)
    {
        switch (kind)
        {
            case ScalarKind.Code:
                return text;
            case ScalarKind.Codes:
                return Scalar.Of(text.Split(',', StringSplitOptions.RemoveEmptyEntries));
            case ScalarKind.Flag when text is "1" or "true":
                return true;
            case ScalarKind.Flag when text is "0" or "false":
                return false;
            case ScalarKind.Number when decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number):
                return number;
            case ScalarKind.Date when LocalDatePattern.Iso.Parse(text) is { Success: true, Value: var date }:
                return date;
            case ScalarKind.Instant when InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var instant }:
                return instant;
            default:
                // What stands there may be about a person, so it is not said.
                throw new FormatException($"The view '{view}' has something in '{name}' that is no {kind}; 1 or 0, a number, 'yyyy-MM-dd' and 'yyyy-MM-ddTHH:mm:ssZ' are flags, numbers, dates and instants.");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex ViewName();
}
