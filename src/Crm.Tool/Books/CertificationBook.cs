using System.Globalization;
using Crm.Loyalty.Accounts;

namespace Crm.Tool.Books;

/// <summary>
/// A file with what a count of a ledger said of each customer, from which the next count goes on: a line with the tenant and the head of the chain, then for each customer the version up to which was counted and the
/// statement. A statement that was changed in the file is noticed, because the head does not follow any more.
/// </summary>
internal sealed class CertificationBook(string file, string tenant)
{
    private const string Form = "crm certification book 1";

    private string New => $"{file}.new";

    /// <summary>What the book says; empty where there is none yet.</summary>
    /// <exception cref="ToolException">It is of another tenant, no book, or was changed.</exception>
    public IEnumerable<CustomerStatement> Read()
    {
        if (!File.Exists(file))
        {
            return [];
        }

        var (head, conservation) = (Head(), new Conservation());
        foreach (var statement in Statements())
        {
            Unless(() => conservation.GoOn(statement));
        }

        return conservation.Certify().Head is var counted && counted == head
            ? Statements()
            : throw ToolException.Input($"The book '{file}' was changed: its statements come to the head {counted}, and it says {head}. Certify without it, with a new one.");
    }

    /// <summary>Begins to write what is said next; the file stays as it is until <see cref="Replace"/>.</summary>
    public StreamWriter Begin() => new(New) { NewLine = "\n" };

    /// <summary>What is written of a customer.</summary>
    public static string Line(CustomerStatement statement) => string.Create(CultureInfo.InvariantCulture, $"{statement.Version}\t{statement}");

    /// <summary>Puts what was written in the place of what was there.</summary>
    public void Replace(Certificate certificate)
    {
        var whole = $"{file}.whole";
        using (var writer = new StreamWriter(whole) { NewLine = "\n" })
        {
            writer.WriteLine($"{Form}\t{tenant}\t{certificate.Head}");
            foreach (var line in File.ReadLines(New))
            {
                writer.WriteLine(line);
            }
        }

        File.Move(whole, file, overwrite: true);
        Drop();
    }

    /// <summary>Forgets what was written.</summary>
    public void Drop() => File.Delete(New);

    private string Head() => File.ReadLines(file).FirstOrDefault()?.Split('\t') switch
    {
        [Form, var name, var head] when name == tenant => head,
        [Form, var name, _] => throw ToolException.Input($"The book '{file}' is of the tenant '{name}', and '{tenant}' is counted."),
        _ => throw ToolException.Input($"'{file}' is no book of a certification; a file that 'crm loyalty certify --book' wrote is expected."),
    };

    private IEnumerable<CustomerStatement> Statements()
    {
        foreach (var line in File.ReadLines(file).Skip(1))
        {
            var end = line.IndexOf('\t', StringComparison.Ordinal);
            CustomerStatement? statement = null;
            Unless(() => statement = CustomerStatement.Parse(line[(end + 1)..], end > 0 && long.TryParse(line[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
                ? version
                : throw new FormatException($"'{line}' begins with no version.")));
            if (statement is { } said)
            {
                yield return said;
            }
        }
    }

    private void Unless(Action work)
    {
        try
        {
            work();
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException or OverflowException)
        {
            throw ToolException.Input($"The book '{file}' was changed: {wrong.Message}");
        }
    }
}
