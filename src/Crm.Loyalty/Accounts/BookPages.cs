using System.Globalization;

namespace Crm.Loyalty.Accounts;

/// <summary>The pages of a book that are needed for some customers, each compared with the hash that the page above it gives.</summary>
internal sealed class BookPages
{
    private readonly Dictionary<string, string> texts = new(StringComparer.Ordinal);

    /// <summary>The pages of a book in which nothing is.</summary>
    public static BookPages None => new();

    /// <summary>The root of the tree.</summary>
    public StatementNode Root { get; private set; } = StatementTree.Empty;

    /// <summary>The text of the page of a statement: the version up to which it counts, which is part of no hash, a tab, and the statement.</summary>
    public static string TextOf(CustomerStatement statement) => string.Create(CultureInfo.InvariantCulture, $"{statement.Version}\t{statement}");

    /// <summary>Reads the pages on the ways to some places, level by level.</summary>
    /// <exception cref="ChangedBookException">A page does not come to the hash above it.</exception>
    public static async ValueTask<BookPages> ReadAsync(ICertificationBook book, string head, IReadOnlyCollection<string> places, CancellationToken cancellationToken)
    {
        var pages = new BookPages();
        pages.Root = (await pages.TakeAsync(book, [new Branch("", head, null)], cancellationToken).ConfigureAwait(false)).OfType<StatementNode>().Single();
        var at = places.Select(place => (Place: place, Node: pages.Root)).ToList();
        while (at.Count > 0)
        {
            var next = at.Select(each => (each.Place, Branch: each.Node.Toward(each.Place))).ToLookup(each => each.Branch, each => each.Place);
            var asked = next.Select(each => each.Key).OfType<Branch>().ToList();
            var nodes = await pages.TakeAsync(book, asked, cancellationToken).ConfigureAwait(false);
            at = [.. asked.Zip(nodes).SelectMany(each => each.Second is { } node ? next[each.First].Where(place => place.StartsWith(node.Place, StringComparison.Ordinal)).Select(place => (place, node)) : [])];
        }

        return pages;
    }

    /// <summary>Reads the one page to which a branch leads.</summary>
    /// <exception cref="ChangedBookException">It does not come to the hash of the branch.</exception>
    public static async ValueTask<BookPages> AtAsync(ICertificationBook book, Branch branch, CancellationToken cancellationToken)
    {
        var pages = new BookPages();
        await pages.TakeAsync(book, [branch], cancellationToken).ConfigureAwait(false);
        return pages;
    }

    /// <summary>The knot to which a branch leads.</summary>
    public StatementNode NodeAt(Branch branch) => Parsed(branch.Place, () => StatementNode.Parse(texts[branch.Place]));

    /// <summary>What is said of the customer at a place; null: nobody is there.</summary>
    public CustomerStatement? StatementAt(string place) => texts.TryGetValue(place, out var text) ? Parsed(place, () => Statement(text)) : null;

    /// <summary>What that comes to, to which a branch leads.</summary>
    public StatementSums SumsAt(Branch branch) => StatementAt(branch) is { } statement ? StatementSums.Of(statement) : NodeAt(branch).Sums;

    private CustomerStatement? StatementAt(Branch branch) => branch.IsStatement ? StatementAt(branch.Place) : null;

    /// <summary>Takes the pages to which branches lead, and gives their knots, in order; null for statements, and where there is no page.</summary>
    private async ValueTask<IReadOnlyList<StatementNode?>> TakeAsync(ICertificationBook book, List<Branch> branches, CancellationToken cancellationToken)
    {
        foreach (var page in branches.Count == 0 ? [] : await book.ReadAsync([.. branches.Select(branch => branch.Place)], cancellationToken).ConfigureAwait(false))
        {
            texts[page.Place] = page.Text;
        }

        return [.. branches.Select(Taken)];
    }

    private StatementNode? Taken(Branch branch)
    {
        if (!texts.TryGetValue(branch.Place, out var text))
        {
            throw new ChangedBookException($"The page '{branch.Place}' of the book is not there, and the page above it has it.");
        }

        var hash = StatementTree.HashOf(branch.IsStatement ? text[(text.IndexOf('\t', StringComparison.Ordinal) + 1)..] : text);
        return hash != branch.Hash ? throw new ChangedBookException($"The page '{branch.Place}' of the book comes to the hash {hash}, and the page above it says {branch.Hash}.")
            : branch.IsStatement ? null
            : NodeAt(branch);
    }

    private static CustomerStatement Statement(string text)
    {
        var end = text.IndexOf('\t', StringComparison.Ordinal);
        return end > 0 && long.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? CustomerStatement.Parse(text[(end + 1)..], version)
            : throw new FormatException($"'{text}' begins with no version; one above 0 and a tab are expected.");
    }

    private static T Parsed<T>(string place, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException)
        {
            throw new ChangedBookException($"The page '{place}' of the book cannot be read: {wrong.Message}", wrong);
        }
    }
}
