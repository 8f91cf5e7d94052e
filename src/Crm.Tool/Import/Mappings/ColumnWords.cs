using System.Text.RegularExpressions;

namespace Crm.Tool.Import.Mappings;

/// <summary>The words in the name of a column: "InvoiceNo", "invoice_no" and "invoiceno" are "invoice" and "no", and "discount" is one word that has no "count" in it.</summary>
internal sealed partial class ColumnWords
{
    // Those that stand together in one word where nothing is between them.
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "amount", "article", "bill", "client", "code", "count", "customer", "date", "day", "document", "email", "gross", "id", "invoice", "item", "line", "member", "name", "net", "no", "nr", "number",
        "of", "order", "phone", "pieces", "price", "product", "purchase", "num", "qty", "quantity", "receipt", "ref", "reference", "revenue", "sale", "sales", "sku", "sold", "stock", "ticket", "time", "total", "transaction", "unit", "units", "user", "value",
    };

    private readonly List<string> words;

    public ColumnWords(string name) => words = [.. Parts().Matches(name).Select(part => part.Value.ToLowerInvariant()).SelectMany(part => Apart(part) ?? [part])];

    /// <summary>Whether one of the phrases stands in the name; its last word may be in the plural.</summary>
    public bool Have(params ReadOnlySpan<string> phrases)
    {
        foreach (var phrase in phrases)
        {
            var wanted = phrase.Split(' ');
            if (Enumerable.Range(0, Math.Max(0, words.Count - wanted.Length + 1)).Any(start => Stand(wanted, start)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the name is one of the words and no other.</summary>
    public bool Are(params ReadOnlySpan<string> one) => words.Count == 1 && one.Contains(words[0]);

    private bool Stand(string[] wanted, int start)
    {
        for (var i = 0; i < wanted.Length; i++)
        {
            var word = words[start + i];
            if (word != wanted[i] && !(i == wanted.Length - 1 && word == wanted[i] + "s"))
            {
                return false;
            }
        }

        return true;
    }

    // Null where the word is not made of known ones.
    private static IEnumerable<string>? Apart(string word)
    {
        if (word.Length == 0)
        {
            return [];
        }

        for (var length = word.Length; length > 1; length--)
        {
            if (Known.Contains(word[..length]) && Apart(word[length..]) is { } rest)
            {
                return rest.Prepend(word[..length]);
            }
        }

        return null;
    }

    [GeneratedRegex(@"\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lo}+|\p{Nd}+", RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex Parts();
}
