namespace Crm.Loyalty.Programs;

/// <summary>Finds one of a few by its name, without making anything: the parts of programmes are asked for by name with every event.</summary>
internal static class Named
{
    public static T? In<T>(T[] few, string name, Func<T, string> nameOf)
        where T : class
    {
        foreach (var one in few)
        {
            if (string.Equals(nameOf(one), name, StringComparison.Ordinal))
            {
                return one;
            }
        }

        return null;
    }
}
