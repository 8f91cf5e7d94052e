namespace Crm.Conditions;

/// <summary>Walks conditions.</summary>
public static class ConditionLeaves
{
    /// <summary>Every part that asks something: fields, facts, measures and moments, in their order. The filter of a measure belongs to its leaf and is not walked.</summary>
    public static IEnumerable<Condition> Leaves(this Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition switch
        {
            Condition.All all => all.Of.SelectMany(Leaves),
            Condition.Any any => any.Of.SelectMany(Leaves),
            Condition.Not not => not.Of.Leaves(),
            _ => [condition],
        };
    }
}
