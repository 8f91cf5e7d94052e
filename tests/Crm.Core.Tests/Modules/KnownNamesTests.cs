using System.Globalization;
using System.Text;
using Crm.Modules;

namespace Crm.Core.Tests.Modules;

public sealed class KnownNamesTests
{
    [Theory]
    [InlineData("s{0}")]
    [InlineData("{0:0000000}")]
    [InlineData("{0}-vip")]
    [InlineData("segments.condition-{0}")]
    public void Names_that_differ_in_few_letters_do_not_drive_each_other_out(string form)
    {
        var names = Enumerable.Range(0, 100).Select(number => Encoding.UTF8.GetBytes(string.Format(CultureInfo.InvariantCulture, form, number))).ToList();
        var first = names.ConvertAll(name => KnownNames.Of(name));
        var again = names.ConvertAll(name => KnownNames.Of(name));

        Assert.Equal(names.ConvertAll(name => Encoding.UTF8.GetString(name)), again);

        // Others may look names up at the same time, and a few places are shared; of a hundred in four thousand, one or two.
        Assert.True(first.Zip(again).Count(pair => ReferenceEquals(pair.First, pair.Second)) > 80);
    }
}
