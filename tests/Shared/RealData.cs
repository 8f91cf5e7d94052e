namespace Crm.Tests.Shared;

/// <summary>Real sales, kept outside the repository: the folder CRM_DATA names, else ../shared/data beside it.</summary>
internal static class RealData
{
    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("CRM_DATA") is { Length: > 0 } named
            ? Path.GetFullPath(named)
            : Path.GetFullPath(RepositoryRoot.PathOf("..", "shared", "data"));

    /// <summary>The full path of <paramref name="file"/>, written with '/'; skips the calling test where it is absent.</summary>
    public static string Require(string file)
    {
        var path = Path.Combine([Folder, .. file.Split('/')]);
        if (!File.Exists(path))
            Assert.Skip($"{path} is absent; CRM_DATA names another folder.");
        return path;
    }
}
