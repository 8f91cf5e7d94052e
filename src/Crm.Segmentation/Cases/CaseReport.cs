using System.Globalization;
using Crm.Segmentation.Explanations;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Segmentation.Cases;

/// <summary>What became of cases.</summary>
/// <param name="Cases">How many were tried.</param>
/// <param name="Checks">How many expectations they had.</param>
/// <param name="Failures">Those that were not met; none when the definitions do what the cases say.</param>
public sealed record CaseReport(int Cases, int Checks, Sequence<CaseFailure> Failures)
{
    /// <summary>How many cases failed.</summary>
    public int FailedCases => Failures.Select(failure => failure.Case).Distinct(StringComparer.Ordinal).Count();

    /// <summary>All failures with their explanations, or that there are none.</summary>
    public Text Text => new(
        string.Join(Environment.NewLine, Failures.Select(failure => failure.Text.English).Append(string.Create(CultureInfo.InvariantCulture, $"{Cases - FailedCases} of {Cases} cases hold, {Checks - Failures.Count} of {Checks} expectations."))),
        string.Join(Environment.NewLine, Failures.Select(failure => failure.Text.Chinese).Append(string.Create(CultureInfo.InvariantCulture, $"{Cases} 個個案中 {Cases - FailedCases} 個成立，{Checks} 項預期中 {Checks - Failures.Count} 項相符。"))));

    /// <summary>Fails a test, whichever framework runs it.</summary>
    /// <exception cref="CasesFailedException">An expectation was not met.</exception>
    public void ThrowIfAny()
    {
        if (!Failures.IsEmpty)
        {
            throw new CasesFailedException(this);
        }
    }
}

/// <summary>An expectation that was not met.</summary>
/// <param name="Case">The name of the case.</param>
/// <param name="Expected">What was expected.</param>
/// <param name="Found">Why it is not so: the definition with what each part says; null where nothing had happened to the customer by then, so that there was nobody.</param>
public sealed record CaseFailure(string Case, CaseExpectation Expected, SegmentExplanation? Found)
{
    /// <summary>The case, what was expected, and the explanation of what was found.</summary>
    public Text Text
    {
        get
        {
            var at = InstantPattern.ExtendedIso.Format(Expected.At);
            return new(
                $"{Case}: at {at} the customer was expected {(Expected.IsMember ? "in" : "outside")} '{Expected.Segment}'. {Found?.Text.English ?? "Nothing had happened to the customer by then, so there was nobody."}",
                $"{Case}：預期客戶於 {at} {(Expected.IsMember ? "屬於" : "不屬於")}「{Expected.Segment}」。{Found?.Text.Chinese ?? "該時尚未有任何事件，客戶並不存在。"}");
        }
    }
}

/// <summary>Definitions do not do what their cases say.</summary>
public sealed class CasesFailedException : Exception
{
    /// <summary>With the explanation of every failure.</summary>
    public CasesFailedException(CaseReport report)
        : base((report ?? throw new ArgumentNullException(nameof(report))).Text.English) => Report = report;

    /// <summary>What became of the cases.</summary>
    public CaseReport Report { get; }
}
