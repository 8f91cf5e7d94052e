using Crm.Values;

namespace Crm.Conditions;

/// <summary>A total order of values: kinds first, then as values of one kind compare.</summary>
internal sealed class ScalarOrder : IComparer<Scalar>
{
    public static ScalarOrder Instance { get; } = new();

    public int Compare(Scalar x, Scalar y) => x.Kind != y.Kind ? x.Kind.CompareTo(y.Kind) : x.CompareWith(y) ?? 0;
}
