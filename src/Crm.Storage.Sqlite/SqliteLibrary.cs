using System.Runtime.InteropServices;
using SQLitePCL;

namespace Crm.Storage.Sqlite;

/// <summary>SQLite as the provider has loaded it.</summary>
internal static class SqliteLibrary
{
    private static readonly nint Handle = NativeLibrary.TryLoad(raw.GetNativeLibraryName(), typeof(raw).Assembly, null, out var library) ? library : 0;

    /// <summary>The address of one of its functions; 0 where it cannot be asked by name.</summary>
    public static nint Find(string name) => Handle != 0 && NativeLibrary.TryGetExport(Handle, name, out var address) ? address : 0;
}
