namespace Crm.Tool.Json;

/// <summary>One thing that is wrong in a JSON text: where, what was found, what would be right.</summary>
/// <param name="Path">Such as "rows[2].then"; "" for the whole text.</param>
/// <param name="Found">What stands there.</param>
/// <param name="Expected">What would be right.</param>
internal readonly record struct JsonFault(string Path, string Found, string Expected)
{
    public override string ToString() => $"{(Path.Length == 0 ? "the whole text" : Path)}: found {Found}; expected {Expected}";
}
