using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// Puts statements into the tree, customers in the order of scans. Only the way from the root to the last customer is open: a knot that is left behind is hashed and done with, so a whole ledger is counted with a
/// handful of knots at a time, and of a tree that is there already only the pages on the way are asked for.
/// </summary>
/// <param name="root">The root, as far as it is there.</param>
/// <param name="pages">Brings the pages of the tree that is there.</param>
/// <param name="written">Told each page that is new, the root last; null: nobody is.</param>
internal sealed class StatementTree(StatementNode root, BookPages pages, Action<BookPage>? written)
{
    private readonly Stack<StatementNode> open = new([root]);

    /// <summary>A tree without anybody.</summary>
    public static StatementNode Empty => new("", new StatementSums());

    /// <summary>The hash of a knot or a statement.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The place of a customer: the bucket in three hexadecimal digits, and the id in 32, so that places have the order of scans.</summary>
    public static string PlaceOf(CustomerId customer) => string.Create(CultureInfo.InvariantCulture, $"{customer.Bucket:x3}{customer}");

    /// <summary>Puts what is said of a customer now in the place of what was said.</summary>
    public void Put(CustomerStatement? earlier, CustomerStatement now)
    {
        var place = PlaceOf(now.Customer);
        while (!place.StartsWith(open.Peek().Place, StringComparison.Ordinal))
        {
            Close();
        }

        Descend(place);
        foreach (var node in open)
        {
            node.Sums.Change(earlier, now);
        }

        open.Peek().Set(new Branch(place, HashOf(now.ToString()), StatementSums.Of(now)));
        written?.Invoke(new BookPage(place, BookPages.TextOf(now)));
    }

    /// <summary>Ends, and tells the hash of the root: the head.</summary>
    public string Finish()
    {
        while (open.Count > 1)
        {
            Close();
        }

        var text = root.ToString();
        written?.Invoke(new BookPage("", text));
        return HashOf(text);
    }

    /// <summary>Opens the knots on the way to a place, and the one at which it parts from somebody else.</summary>
    private void Descend(string place)
    {
        while (open.Peek().Toward(place) is { } branch && branch.Place != place)
        {
            if (place.StartsWith(branch.Place, StringComparison.Ordinal))
            {
                open.Push(pages.NodeAt(branch));
                continue;
            }

            var common = place.Zip(branch.Place).TakeWhile(digits => digits.First == digits.Second).Count();
            var parting = new StatementNode(place[..common], (branch.Sums ?? pages.SumsAt(branch)).Copy());
            parting.Set(branch);
            open.Push(parting);
        }
    }

    private void Close()
    {
        var node = open.Pop();
        var text = node.ToString();
        written?.Invoke(new BookPage(node.Place, text));
        open.Peek().Set(new Branch(node.Place, HashOf(text), node.Sums));
    }
}
