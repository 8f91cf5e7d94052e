using SQLitePCL;

namespace Crm.Storage.Sqlite;

/// <summary>
/// The columns of the current row, asked of SQLite itself: the provider takes hold of the statement for every single value, which takes longer than reading it. Whoever reads here holds on to the statement
/// meanwhile. Where the provider's library cannot be asked by name, the provider is.
/// </summary>
internal static unsafe class SqliteColumns
{
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> TypeOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)SqliteLibrary.Find("sqlite3_column_type");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long> WholeOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long>)SqliteLibrary.Find("sqlite3_column_int64");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*> BytesOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*>)SqliteLibrary.Find("sqlite3_column_blob");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> LengthOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)SqliteLibrary.Find("sqlite3_column_bytes");
    private static readonly bool IsDirect = TypeOf != null && WholeOf != null && BytesOf != null && LengthOf != null;

    public static bool IsNull(sqlite3_stmt statement, int column) =>
        (IsDirect ? TypeOf(statement.DangerousGetHandle(), column) : raw.sqlite3_column_type(statement, column)) == raw.SQLITE_NULL;

    public static long Whole(sqlite3_stmt statement, int column) =>
        IsDirect ? WholeOf(statement.DangerousGetHandle(), column) : raw.sqlite3_column_int64(statement, column);

    /// <summary>Good until the next row; nothing for a text or blob without a byte, and for null.</summary>
    public static ReadOnlySpan<byte> Bytes(sqlite3_stmt statement, int column)
    {
        if (!IsDirect)
        {
            return raw.sqlite3_column_blob(statement, column);
        }

        // The bytes first: asking for them may change how long they are.
        var bytes = BytesOf(statement.DangerousGetHandle(), column);
        return bytes == null ? default : new ReadOnlySpan<byte>(bytes, LengthOf(statement.DangerousGetHandle(), column));
    }
}
