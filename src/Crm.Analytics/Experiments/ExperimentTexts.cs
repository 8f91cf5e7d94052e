using System.Globalization;
using Crm.Values;

namespace Crm.Analytics.Experiments;

/// <summary>What an experiment showed, in sentences for people, in English and in Traditional Chinese as written in Hong Kong.</summary>
public static class ExperimentTexts
{
    /// <summary>The sentences of a report: first whether it can be believed, then one arm after the other.</summary>
    public static IReadOnlyList<Text> Describe(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        Text[] leftOut = report.Disposed == 0 ? [] : [new(
            Line($"{report.Disposed} customers are left out: their events up to the instant of the report have been disposed of, so nobody knows whether they took part."),
            Line($"{report.Disposed} 名顧客不計在內：報告時點或之前的事件已銷毀，無從得知有否參與。"))];
        return [Describe(report.Shares), .. leftOut, .. report.Arms.SelectMany(arm => Describe(arm, report.Question.Goal.Currency.Code))];
    }

    /// <summary>What the sizes of the arms say.</summary>
    public static Text Describe(ShareCheck shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        return shares.Verdict switch
        {
            ShareVerdict.AsPlanned => new(Line($"The arms have the sizes that were asked for (p = {shares.PValue:0.####})."), Line($"各組人數符合所定比例（p = {shares.PValue:0.####}）。")),
            ShareVerdict.TooFew => new("There are too few people to say whether the arms have the sizes that were asked for.", "人數太少，未能判斷各組人數是否符合所定比例。"),
            _ => new(Line($"ALARM: the arms do not have the sizes that were asked for (p = {shares.PValue:0.0E0}); find the cause before believing any effect."), Line($"警報：各組人數不符所定比例（p = {shares.PValue:0.0E0}）；查明原因前，切勿採信任何效果。")),
        };
    }

    private static IEnumerable<Text> Describe(ArmResult arm, string currency)
    {
        yield return new(
            Line($"{arm.Arm}: {arm.Converted.Count} of {arm.Converted.People} people reached the goal ({arm.Converted.Value:P2}); {currency} {arm.Revenue:0.00} in {arm.Orders.Count} orders, cost {currency} {arm.Cost:0.00}."),
            Line($"{arm.Arm}：{arm.Converted.People} 人中有 {arm.Converted.Count} 人達標（{arm.Converted.Value:P2}）；{arm.Orders.Count} 張訂單共 {currency} {arm.Revenue:0.00}，成本 {currency} {arm.Cost:0.00}。"));
        if (arm.Effect is { } effect)
        {
            var (low, high) = (effect.DifferenceInterval.Low * 100, effect.DifferenceInterval.High * 100);
            yield return new(
                Line($"{arm.Arm}: {effect.Difference * 100:+0.00;-0.00;0.00} percentage points against the control ({effect.DifferenceInterval.Level:P0} interval {low:0.00} to {high:0.00})."),
                Line($"{arm.Arm}：與對照組相差 {effect.Difference * 100:+0.00;-0.00;0.00} 個百分點（{effect.DifferenceInterval.Level:P0} 信賴區間 {low:0.00} 至 {high:0.00}）。"));
        }

        if (arm.Return is { } brought)
        {
            yield return new(
                Line($"{arm.Arm}: {currency} {brought.Incremental:0.00} more than without it (interval {brought.IncrementalInterval.Low:0.00} to {brought.IncrementalInterval.High:0.00}); return {Ratio(brought.Roas)}, incremental return {Ratio(brought.IncrementalRoas)} ({Set(brought.IncrementalRoasSet)})."),
                Line($"{arm.Arm}：較沒有推廣時多 {currency} {brought.Incremental:0.00}（區間 {brought.IncrementalInterval.Low:0.00} 至 {brought.IncrementalInterval.High:0.00}）；廣告回報 {Ratio(brought.Roas)}，增量廣告回報 {Ratio(brought.IncrementalRoas)}（{Set(brought.IncrementalRoasSet)}）。"));
        }
    }

    private static string Ratio(double? ratio) => ratio is { } known ? Line($"{known:0.00}") : "–";

    private static string Set(RatioSet set) => set switch
    {
        RatioSet.Between between => Line($"{between.Low:0.00} … {between.High:0.00}"),
        RatioSet.Outside outside => Line($"≤ {outside.Low:0.00} / ≥ {outside.High:0.00}"),
        _ => "−∞ … ∞",
    };

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
