namespace Crm.Analytics.Fitting;

/// <summary>Customers with the same history: they are equally likely under every model, so the likelihood is worked out once for all of them.</summary>
internal readonly record struct Group<T>(T Item, int Count)
    where T : notnull
{
    /// <summary>The groups, in the order in which their histories first occur.</summary>
    public static IReadOnlyList<Group<T>> Of(IEnumerable<T> items)
    {
        var places = new Dictionary<T, int>();
        var groups = new List<Group<T>>();
        foreach (var item in items)
        {
            if (places.TryGetValue(item, out var place))
            {
                groups[place] = groups[place] with { Count = groups[place].Count + 1 };
            }
            else
            {
                places.Add(item, groups.Count);
                groups.Add(new Group<T>(item, 1));
            }
        }

        return groups;
    }
}
