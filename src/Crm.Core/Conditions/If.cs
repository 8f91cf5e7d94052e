namespace Crm.Conditions;

/// <summary>Placeholder.</summary>
public static class If { }
