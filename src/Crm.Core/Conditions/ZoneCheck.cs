using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>Finds what is wrong with a zone.</summary>
internal static class ZoneCheck
{
    public static void Check(CalendarZone zone, string path, List<ConditionError> errors)
    {
        switch (zone)
        {
            case CalendarZone.Named named:
                Name(named.Id, path, errors);
                break;
            case CalendarZone.Customer customer:
                if (!customer.Field.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) || !Names.IsName(customer.Field[Evaluator.ProfileScope.Length..]))
                {
                    errors.Add(new(path + ".field", $"'{customer.Field}' is no field of the profile; 'customer.' and a name are expected, such as 'customer.zone'."));
                }

                Name(customer.Otherwise, path + ".otherwise", errors);
                break;
        }
    }

    private static void Name(string id, string path, List<ConditionError> errors)
    {
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) is null)
        {
            errors.Add(new(path, $"'{id}' is no time zone of the IANA database; a name such as 'Asia/Hong_Kong' is expected."));
        }
    }
}
