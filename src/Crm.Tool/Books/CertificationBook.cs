using Crm.Loyalty.Accounts;
using Microsoft.Data.Sqlite;

namespace Crm.Tool.Books;

/// <summary>
/// The book of a certification in a file: an SQLite database with a line for the form and the tenant, and the pages by place. A count is one transaction, so the file stays as it was until a whole count is
/// saved, which who counts does when everything that comes of it is written.
/// </summary>
internal sealed class CertificationBook : ICertificationBook, IAsyncDisposable
{
    private const string Form = "crm certification book 2";
    private readonly bool isNew;
    private readonly SqliteConnection connection;
    private readonly SqliteTransaction transaction;
    private readonly SqliteCommand read;
    private readonly SqliteCommand write;
    private bool isWhole;
    private bool isSaved;

    private CertificationBook(string file, bool isNew, SqliteConnection connection)
    {
        (Name, this.isNew, this.connection) = (file, isNew, connection);
        transaction = connection.BeginTransaction();
        if (isNew)
        {
            Command("CREATE TABLE book (form TEXT NOT NULL, tenant TEXT NOT NULL)").ExecuteNonQuery();
            Command("CREATE TABLE page (place TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID").ExecuteNonQuery();
        }

        read = Command("SELECT text FROM page WHERE place = $place", "$place");
        write = Command("INSERT INTO page (place, text) VALUES ($place, $text) ON CONFLICT (place) DO UPDATE SET text = excluded.text", "$place", "$text");
    }

    /// <summary>The file.</summary>
    public string Name { get; }

    /// <summary>Opens a book, or begins one.</summary>
    /// <exception cref="ToolException">It is of another tenant, no book, or in use.</exception>
    public static CertificationBook Open(string path, string tenant)
    {
        var database = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        CertificationBook? book = null;
        try
        {
            var begins = !File.Exists(path);
            database.Open();
            book = new CertificationBook(path, begins, database);
            book.Check(tenant);
            return book;
        }
        catch (Exception wrong) when (wrong is SqliteException or ToolException)
        {
            book?.Close();
            database.Dispose();
            throw wrong as ToolException ?? ToolException.Input($"'{path}' cannot be used as the book of a certification: {wrong.Message} A file that 'crm loyalty certify --book' of this release wrote is expected, or none.");
        }
    }

    public async ValueTask<IReadOnlyList<BookPage>> ReadAsync(IReadOnlyCollection<string> places, CancellationToken cancellationToken)
    {
        var pages = new List<BookPage>(places.Count);
        foreach (var place in places)
        {
            read.Parameters[0].Value = place;
            if (await read.ExecuteScalarAsync(cancellationToken) is string text)
            {
                pages.Add(new BookPage(place, text));
            }
        }

        return pages;
    }

    public async ValueTask WriteAsync(IReadOnlyCollection<BookPage> pages, CancellationToken cancellationToken)
    {
        foreach (var page in pages)
        {
            (write.Parameters[0].Value, write.Parameters[1].Value) = (page.Place, page.Text);
            await write.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Notes that the count is whole; <see cref="SaveAsync"/> writes it.</summary>
    public ValueTask KeepAsync(CancellationToken cancellationToken)
    {
        isWhole = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes a whole count into the file, once; does nothing where it ended with faults.</summary>
    public async ValueTask SaveAsync(CancellationToken cancellationToken)
    {
        if (isWhole)
        {
            await transaction.CommitAsync(cancellationToken);
            isSaved = true;
        }
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    private void Check(string tenant)
    {
        if (isNew)
        {
            var begin = Command("INSERT INTO book (form, tenant) VALUES ($form, $tenant)", "$form", "$tenant");
            (begin.Parameters[0].Value, begin.Parameters[1].Value) = (Form, tenant);
            begin.ExecuteNonQuery();
            return;
        }

        using var row = Command("SELECT form, tenant FROM book").ExecuteReader();
        if (!row.Read() || row.GetString(0) != Form)
        {
            throw ToolException.Input($"'{Name}' is no book of a certification; a file that 'crm loyalty certify --book' of this release wrote is expected, or none.");
        }

        if (row.GetString(1) is var name && name != tenant)
        {
            throw ToolException.Input($"The book '{Name}' is of the tenant '{name}', and '{tenant}' is counted.");
        }
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts stand above.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = transaction;
        foreach (var name in parameters)
        {
            command.Parameters.Add(name, SqliteType.Text);
        }

        return command;
    }

    /// <summary>What was not saved is gone, and a file that would be a book of nothing too.</summary>
    private void Close()
    {
        transaction.Dispose();
        connection.Dispose();
        if (isNew && !isSaved)
        {
            File.Delete(Name);
        }
    }
}
