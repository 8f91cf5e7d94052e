using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Crm.Storage.Sql;
using SQLitePCL;

namespace Crm.Storage.Sqlite;

/// <summary>
/// The values of one execution, bound by their places. Texts and bytes are laid side by side in memory that stays where it is, so that SQLite reads them there instead of copying each of them into memory of its own; they are
/// good until the next values are bound. Where the provider's library cannot be asked by name, the provider is, which copies.
/// </summary>
internal sealed unsafe class SqliteBindings
{
    // More is given back after use: a document of megabytes is no reason to keep as many for ever.
    private const int MostKept = 1 << 20;

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> NullOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)SqliteLibrary.Find("sqlite3_bind_null");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int> WholeOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int>)SqliteLibrary.Find("sqlite3_bind_int64");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int> TextOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int>)SqliteLibrary.Find("sqlite3_bind_text");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int> BytesOf = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int>)SqliteLibrary.Find("sqlite3_bind_blob");
    private static readonly bool IsDirect = NullOf != null && WholeOf != null && TextOf != null && BytesOf != null;

    private byte[] memory = [];

    /// <summary>Binds the values of some rows, one after the other.</summary>
    /// <returns>SQLite's code.</returns>
    public int Bind(sqlite3_stmt statement, ReadOnlySpan<SqlValue> values, ReadOnlySpan<SqlType> columns)
    {
        var code = raw.SQLITE_OK;
        var free = IsDirect ? Reserve(values, columns) : null;
        for (int i = 0, column = 0; i < values.Length && code == raw.SQLITE_OK; i++, column = column + 1 == columns.Length ? 0 : column + 1)
        {
            code = IsDirect ? Bind(statement.DangerousGetHandle(), i + 1, values[i], columns[column], ref free) : Copy(statement, i + 1, values[i], columns[column]);
        }

        return code;
    }

    // An address even of nothing: without one it would be a binding of null.
    private static int Bind(nint statement, int place, SqlValue value, SqlType type, ref byte* free)
    {
        if (value.IsNull)
        {
            return NullOf(statement, place);
        }

        if (type == SqlType.Whole)
        {
            return WholeOf(statement, place, value.AsWhole);
        }

        var at = free;
        if (type == SqlType.Bytes)
        {
            var bytes = value.AsBytes;
            bytes.CopyTo(new Span<byte>(at, bytes.Length));
            free += bytes.Length;
            return BytesOf(statement, place, at, bytes.Length, 0);
        }

        var text = value.AsText;
        var length = Encoding.UTF8.GetBytes(text, new Span<byte>(at, Encoding.UTF8.GetMaxByteCount(text.Length)));
        free += length;
        return TextOf(statement, place, at, length, 0);
    }

    private static int Copy(sqlite3_stmt statement, int place, SqlValue value, SqlType type) => value.IsNull
        ? raw.sqlite3_bind_null(statement, place)
        : type switch
        {
            SqlType.Whole => raw.sqlite3_bind_int64(statement, place, value.AsWhole),
            SqlType.Bytes => value.AsBytes is { Length: > 0 } bytes ? raw.sqlite3_bind_blob(statement, place, bytes) : raw.sqlite3_bind_zeroblob(statement, place, 0),
            _ => value.AsText is { Length: > 0 } text ? raw.sqlite3_bind_text(statement, place, Encoding.UTF8.GetBytes(text)) : raw.sqlite3_bind_text(statement, place, ""),
        };

    private byte* Reserve(ReadOnlySpan<SqlValue> values, ReadOnlySpan<SqlType> columns)
    {
        var most = 1;
        for (int i = 0, column = 0; i < values.Length; i++, column = column + 1 == columns.Length ? 0 : column + 1)
        {
            if (columns[column] != SqlType.Whole && !values[i].IsNull)
            {
                most = checked(most + (columns[column] == SqlType.Bytes ? values[i].AsBytes.Length : Encoding.UTF8.GetMaxByteCount(values[i].AsText.Length)));
            }
        }

        if (most > memory.Length || memory.Length > MostKept)
        {
            memory = GC.AllocateUninitializedArray<byte>(Math.Max(most, 4_096), pinned: true);
        }

        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
    }
}
