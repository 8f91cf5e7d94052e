namespace Crm.Loyalty.Accounts;

/// <summary>
/// Where a count of the ledger keeps what it found, so that the next one goes on from it: pages of text by place. A count reads and writes only the pages of customers whose ledger is new, and the few above them.
/// What is written is read at once by the same count, and is there for the next one only after <see cref="KeepAsync"/>.
/// </summary>
public interface ICertificationBook
{
    /// <summary>The pages at some places, in any order; those that are not there are left out.</summary>
    ValueTask<IReadOnlyList<BookPage>> ReadAsync(IReadOnlyCollection<string> places, CancellationToken cancellationToken);

    /// <summary>Writes pages, in the place of those that are there.</summary>
    ValueTask WriteAsync(IReadOnlyCollection<BookPage> pages, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps everything that was written, or nothing of it. The lines of what is kept are not told again: a book whose count is exported or signed notes here that the count is whole, and keeps it when the export and the
    /// certificate are safe.
    /// </summary>
    ValueTask KeepAsync(CancellationToken cancellationToken);
}

/// <summary>A page of a book.</summary>
/// <param name="Place">Its place: letters and digits, at most 35; empty for the page above all others.</param>
/// <param name="Text">What it says, in one line.</param>
public sealed record BookPage(string Place, string Text);

/// <summary>A book of a certification was changed by somebody else than a count.</summary>
/// <param name="message">Which page, what was found and what was expected.</param>
/// <param name="inner">What could not be read; null where it could, and did not fit.</param>
public sealed class ChangedBookException(string message, Exception? inner = null) : Exception(message, inner);
