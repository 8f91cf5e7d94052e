namespace Crm.Conditions;

/// <summary>Placeholder.</summary>
public static class If { }
/// <summary>Placeholder.</summary>
public static class ConditionJson { }
/// <summary>Placeholder.</summary>
public static class Evaluator { 
/// <summary>Placeholder.</summary>
public static Truth Evaluate(Condition condition, IEvidence evidence) => default; }
