using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Short lists kept in ordinal order of a name, so that equal contents are equal values.</summary>
internal static class Sorted
{
    /// <summary>The list with an item put in its place, instead of the one of the same name.</summary>
    public static Sequence<T> With<T>(this Sequence<T> items, T item, Func<T, string> nameOf)
    {
        var span = items.AsSpan();
        var place = 0;
        var order = -1;
        while (place < span.Length && (order = string.CompareOrdinal(nameOf(span[place]), nameOf(item))) < 0)
        {
            place++;
        }

        var replaces = place < span.Length && order == 0;
        var result = new T[replaces ? span.Length : span.Length + 1];
        span[..place].CopyTo(result);
        result[place] = item;
        span[(replaces ? place + 1 : place)..].CopyTo(result.AsSpan(place + 1));
        return Sequence.Given(result);
    }
}
