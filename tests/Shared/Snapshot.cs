using System.Runtime.CompilerServices;
using DiffPlex;
using DiffPlex.DiffBuilder;
using DiffPlex.DiffBuilder.Model;

namespace Crm.Tests.Shared;

/// <summary>Compares text with an approved file beside the test, by the conventions of Verify: Type.Method.verified.txt.</summary>
internal static class Snapshot
{
    /// <param name="actual">Line ends and a last empty line do not count.</param>
    /// <param name="part">Tells several snapshots of one test apart: Type.Method_part.verified.txt. The type is the name of the test's file.</param>
    public static void Match(string actual, string? part = null, [CallerFilePath] string file = "", [CallerMemberName] string method = "")
    {
        var name = $"{Path.GetFileNameWithoutExtension(file)}.{method}{(part is null ? "" : "_" + part)}";
        var folder = Path.GetDirectoryName(file) ?? "";
        var verified = Path.Combine(folder, name + ".verified.txt");
        var received = Path.Combine(folder, name + ".received.txt");

        var expected = File.Exists(verified) ? Normal(File.ReadAllText(verified)) : null;
        var found = Normal(actual);
        if (found == expected)
        {
            File.Delete(received);
            return;
        }

        File.WriteAllText(received, found + "\n");
        Assert.Fail(expected is null
            ? $"{name}.verified.txt does not exist. If {received} is right, rename it."
            : $"{name}.verified.txt differs. If {received} is right, rename it.\n{Difference(expected, found)}");
    }

    private static string Normal(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n');

    private static string Difference(string expected, string found) =>
        string.Join('\n', new InlineDiffBuilder(new Differ()).BuildDiffModel(expected, found).Lines
            .Select((line, index) => (line, index))
            .Where(each => each.line.Type != ChangeType.Unchanged)
            .Select(each => $"{each.index + 1,5} {(each.line.Type == ChangeType.Deleted ? '-' : '+')} {each.line.Text}"));
}
