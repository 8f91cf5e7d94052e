using System.Globalization;
using System.IO.Compression;
using Crm.Analytics.Buying;
using Crm.Tests.Shared;

namespace Crm.Analytics.Tests;

/// <summary>The lines of data files, without their headers.</summary>
internal static class RawFiles
{
    public static IEnumerable<string[]> Rows(string file, char separator = ',') => Lines(file).Select(line => line.Split(separator, StringSplitOptions.RemoveEmptyEntries));

    public static IEnumerable<string> Lines(string file)
    {
        using var stream = File.OpenRead(RealData.Require(file));
        using var text = new StreamReader(file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        text.ReadLine();
        while (text.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    public static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    public static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The histories of the CDNOW sample, 39 weeks, in weeks.</summary>
    public static List<BuyingHistory> CdnowSample() => [.. Rows("cdnow_sample_cbs.csv").Select(row => new BuyingHistory(Whole(row[1]), Days(row[2]), Days(row[3])))];

    // The file gives sevenths of weeks to six digits.
    private static double Days(string weeks) => Math.Round(Number(weeks) * 7) / 7;
}
