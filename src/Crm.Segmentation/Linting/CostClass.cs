using Crm.Conditions;
using Crm.Values;

namespace Crm.Segmentation.Linting;

/// <summary>What a condition costs for each customer, in memory and time; each class costs more than the one before it.</summary>
public enum CostClass
{
    /// <summary>The moment only: nothing is kept, and nobody is looked up.</summary>
    Moment,

    /// <summary>Facts and fields that are kept anyway.</summary>
    Stored,

    /// <summary>Sums that are shared by all conditions over the same events: sixteen bytes for each event within reach.</summary>
    Summed,

    /// <summary>A value for each event within reach.</summary>
    Sampled,

    /// <summary>A value for each event that ever was.</summary>
    WholeHistory,
}

/// <summary>The cost of conditions.</summary>
internal static class Costs
{
    /// <summary>The class of a part that asks something.</summary>
    public static CostClass OfLeaf(Condition leaf) => leaf switch
    {
        Condition.Moment => CostClass.Moment,
        Condition.EventWindow window => OfWindow(window),
        _ => CostClass.Stored,
    };

    public static Text Sentence(CostClass cost) => cost switch
    {
        CostClass.Moment => new("Costs nothing: only the moment is looked at.", "毫無成本：只看當刻時間。"),
        CostClass.Stored => new("Costs little: facts and fields that are kept anyway.", "成本很低：只看本來已儲存的事實及欄位。"),
        CostClass.Summed => new("Costs some: running sums of the events within reach are kept for each customer.", "成本中等：須為每位顧客保存範圍內事件的累計數。"),
        CostClass.Sampled => new("Costs more: a value of each event within reach is kept for each customer.", "成本較高：須為每位顧客保存範圍內每宗事件的值。"),
        _ => new("Costs most: a value of every event that ever was is kept for each customer.", "成本最高：須為每位顧客保存有史以來每宗事件的值。"),
    };

    private static CostClass OfWindow(Condition.EventWindow leaf)
    {
        var isSum = leaf.Measure is Measure.Count or Measure.SumOfSpend or Measure.SumOfQuantity;
        var isBounded = leaf.Window is Window.Last or Window.Calendar;
        return leaf switch
        {
            { Window: Window.Lifetime or Window.Last or Window.Calendar } when isSum => CostClass.Summed,
            { Measure: Measure.Sequence sequence } => isBounded && sequence.Then.All(step => step.Within is not null) ? CostClass.Sampled : CostClass.WholeHistory,
            { Window: Window.Lifetime, Measure: Measure.Aggregate { How: not (Aggregation.Distinct or Aggregation.MostFrequent or Aggregation.Unique) } } => CostClass.Summed,
            { Window: Window.Since { First: false } } => CostClass.Sampled,
            _ => isBounded ? CostClass.Sampled : CostClass.WholeHistory,
        };
    }
}
