using System.Text;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// A knot of the tree of statements: of all customers whose places begin with its own, what they come to, and the hashes of the branches below, one for each next digit. A branch leads to the next knot at which
/// customers part, or to the statement of the only one there is; so the knots follow from the customers alone, in whatever order they came.
/// </summary>
internal sealed class StatementNode(string place, StatementSums sums)
{
    private readonly SortedDictionary<char, Branch> branches = [];

    /// <summary>How many digits the places of customers have.</summary>
    public const int Digits = 35;

    public string Place { get; } = place;

    public StatementSums Sums { get; } = sums;

    /// <summary>The branches below, in order.</summary>
    public IEnumerable<Branch> Branches => branches.Values;

    /// <summary>The branch towards a place below; null: there is none.</summary>
    public Branch? Toward(string place) => branches.GetValueOrDefault(place[Place.Length]);

    /// <summary>Puts a branch in the place of the one that was there.</summary>
    public void Set(Branch branch) => branches[branch.Place[Place.Length]] = branch;

    /// <summary>What the hash is made of: place, customers and entries, each account with its sums, and each branch as "PLACE HASH", separated by tabs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(Place).Append('\t').Append(Sums);
        foreach (var branch in branches.Values)
        {
            text.Append('\t').Append(branch.Place).Append(' ').Append(branch.Hash);
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It did not write that.</exception>
    public static StatementNode Parse(string text)
    {
        var parts = text.Split('\t');
        if (parts.Length < 3)
        {
            throw new FormatException($"'{text}' is no knot of a book: place, customers and entries are expected, separated by tabs.");
        }

        var node = new StatementNode(parts[0], StatementSums.Parse(parts[1], parts[2], parts.Skip(3).TakeWhile(IsAccount)));
        foreach (var part in parts.Skip(3).SkipWhile(IsAccount))
        {
            node.Set(part.Split(' ') is [var below, var hash] && below.Length is var digits && digits > node.Place.Length && digits <= Digits && below.StartsWith(node.Place, StringComparison.Ordinal)
                ? new Branch(below, hash, null)
                : throw new FormatException($"'{part}' is no branch of the knot '{parts[0]}': a place that begins with it and a hash are expected."));
        }

        return node;

        static bool IsAccount(string part) => part.StartsWith("account ", StringComparison.Ordinal);
    }
}

/// <summary>A branch of the tree.</summary>
/// <param name="Place">Where it leads to.</param>
/// <param name="Hash">The hash of the knot or the statement there.</param>
/// <param name="Sums">What that comes to; null where it was not looked at.</param>
internal sealed record Branch(string Place, string Hash, StatementSums? Sums)
{
    /// <summary>Whether it leads to a statement.</summary>
    public bool IsStatement => Place.Length == StatementNode.Digits;
}
