using System.Globalization;
using Crm.Campaigns.Experiments;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Journeys;

/// <summary>Finds everything wrong with an experiment, with experiments that share an id, and with the holdout.</summary>
internal static class ExperimentValidator
{
    private const int MostParts = 1_000_000;

    public static IEnumerable<JourneyError> Errors(Experiment experiment, string path)
    {
        if (Id(experiment.Id, $"{path}.id") is { } wrong)
        {
            yield return wrong;
        }

        if (From(experiment.From, $"{path}.from") is { } ever)
        {
            yield return ever;
        }

        if (experiment.Arms.Count < 2)
        {
            yield return new JourneyError($"{path}.arms", string.Create(CultureInfo.InvariantCulture, $"{experiment.Arms.Count} arms were found; two or more are expected."));
        }
        else if (experiment.Arms.All(arm => arm.HoldsOut))
        {
            yield return new JourneyError($"{path}.arms", "All arms hold out, so nobody would get anything; at least one that sends is expected.");
        }

        for (var i = 0; i < experiment.Arms.Count; i++)
        {
            var (arm, at) = (experiment.Arms[i], $"{path}.arms[{i}]");
            if (!Names.IsName(arm.Name))
            {
                yield return new JourneyError($"{at}.name", $"'{arm.Name}' is not a name: lower-case letters, digits, '-', '_' and '.' are expected, at most {Names.Longest}.");
            }
            else if (experiment.Arms.Take(i).Any(earlier => earlier.Name == arm.Name))
            {
                yield return new JourneyError($"{at}.name", $"A second arm is named '{arm.Name}'; one is expected.");
            }

            if (arm.Share is < 1 or > MostParts)
            {
                yield return new JourneyError($"{at}.share", string.Create(CultureInfo.InvariantCulture, $"{arm.Share} was found; 1 to {MostParts:N0} parts are expected."));
            }

            if (arm is { HoldsOut: true, Template: not null })
            {
                yield return new JourneyError($"{at}.template", $"The arm holds out and sends nothing, but has the template '{arm.Template}'; one of the two is expected.");
            }
            else if (arm.Template is { } template && !Names.IsName(template))
            {
                yield return new JourneyError($"{at}.template", $"'{template}' is not a name: lower-case letters, digits, '-', '_' and '.' are expected, at most {Names.Longest}.");
            }
        }
    }

    // An experiment spreads its people once and for all.
    public static IEnumerable<JourneyError> Errors(IEnumerable<Definition<Journey>> journeys, Holdout? holdout)
    {
        foreach (var same in journeys.Where(definition => definition.Value.Experiment is not null).GroupBy(definition => definition.Value.Experiment?.Id ?? "", StringComparer.Ordinal))
        {
            var first = same.First();
            foreach (var other in same.Skip(1).Where(other => other.Value.Experiment is { } experiment && first.Value.Experiment?.SpreadsLike(experiment) != true))
            {
                var later = first.Value.Experiment?.From != other.Value.Experiment?.From;
                yield return new JourneyError(
                    $"{Place(other)}.experiment.{(later ? "from" : "arms")}",
                    $"The experiment '{same.Key}' has {(later ? "another beginning" : "other arms")} here than in {Place(first)}. The beginning, names of arms, shares and who is held out stay as they are, because people are in them; give the changed experiment another id.");
            }

            if (holdout is not null && (same.Key == holdout.Id || (holdout.Period is not null && same.Key.StartsWith($"{holdout.Id}.", StringComparison.Ordinal))))
            {
                yield return new JourneyError($"{Place(first)}.experiment.id", $"'{same.Key}' is also the id of the holdout, which would spread people alike; another one is expected.");
            }
        }

        if (holdout is null)
        {
            yield break;
        }

        if (Id(holdout.Id, "holdout.id") is { } wrong)
        {
            yield return wrong;
        }

        if (From(holdout.From, "holdout.from") is { } ever)
        {
            yield return ever;
        }

        if (holdout.HeldOut < 1 || holdout.Of <= holdout.HeldOut || holdout.Of > MostParts)
        {
            yield return new JourneyError("holdout", string.Create(CultureInfo.InvariantCulture, $"{holdout.HeldOut} of {holdout.Of} are held out; 1 or more of a larger number up to {MostParts:N0} are expected."));
        }

        // Each period that somebody is met in stays in what is kept of them.
        if (holdout.Period is { } period and not (CalendarPeriod.Month or CalendarPeriod.Quarter or CalendarPeriod.Year))
        {
            yield return new JourneyError("holdout.period", Enum.IsDefined(period)
                ? $"{period} was found; what a customer was in stays with them for ever, one more each {(period == CalendarPeriod.Day ? "day" : "week")}: a month, quarter or year is expected."
                : string.Create(CultureInfo.InvariantCulture, $"There is no period {(int)period}; a month, quarter or year is expected."));
        }
    }

    private static string Place(Definition<Journey> definition) => $"journey '{definition.Name}' version {definition.Version}";

    private static JourneyError? From(Instant from, string path) => from > Instant.MinValue
        ? null
        : new JourneyError(path, "It has no beginning, so a refund of an old purchase, an event that comes late or imported history would put people into arms at what was sent before anybody was held out; the instant from which people count is expected, such as \"2026-03-01T00:00:00Z\".");

    private static JourneyError? Id(string id, string path) => Names.IsName(id) && id.Length <= ExperimentNames.Longest
        ? null
        : new JourneyError(path, $"'{id}' is not a name of an experiment: lower-case letters, digits, '-', '_' and '.' are expected, at most {ExperimentNames.Longest}.");
}
