namespace Crm.Tool.Books;

/// <summary>Programmes with units in the ledger that nobody defines here, and those of their units of which the ledger alone says nothing.</summary>
internal sealed class Undefined
{
    private readonly SortedSet<string> programs = new(StringComparer.Ordinal);
    private readonly SortedSet<(string Program, string Unit)> units = [];

    public IReadOnlyCollection<string> Programs => programs;

    public IReadOnlyCollection<(string Program, string Unit)> Units => units;

    public void Add(UnitBalance unit)
    {
        programs.Add(unit.Program);
        if (!unit.IsKnown)
        {
            units.Add((unit.Program, unit.Unit));
        }
    }
}
