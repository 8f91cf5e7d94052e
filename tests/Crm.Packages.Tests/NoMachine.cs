using System.Text.RegularExpressions;

namespace Crm.Packages.Tests;

/// <summary>Packages know nothing of the machine they were written on.</summary>
public sealed partial class NoMachine
{
    [Fact]
    public void No_package_names_a_path_of_a_machine()
    {
        var faults =
            from file in Sources.CodeIn(Sources.Folder)
            from line in File.ReadLines(file)
            where Paths().IsMatch(line)
            select $"{Path.GetRelativePath(Sources.Folder, file)}: {line.Trim()}";

        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("File.OpenRead(\"../shared/data\")", true)]
    [InlineData("var store = \"/tmp/club.db\";", true)]
    [InlineData("var store = @\"C:\\club.db\";", true)]
    [InlineData("/// <returns>a/home/b</returns>", false)]
    [InlineData("Key: \"pos:1042\"", false)]
    public void A_path_of_a_machine_is_seen(string line, bool expected) => Assert.Equal(expected, Paths().IsMatch(line));

    [GeneratedRegex(@"\.\./shared|(?<![\w.])/(work|home|root|tmp|usr|var|etc|opt|mnt|Users)/|(?<!\w)[A-Za-z]:\\\w")]
    private static partial Regex Paths();
}
