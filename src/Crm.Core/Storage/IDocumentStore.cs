using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>Versioned documents that belong to no customer: definitions, registers, log books, settings.</summary>
public interface IDocumentStore
{
    /// <summary>Adds the next version of a document. No version is ever overwritten.</summary>
    /// <param name="document">Its version is one more than the latest, or nothing is written.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Whether it was written; false when another writer has added that version.</returns>
    /// <exception cref="ArgumentException">A text of it is none that every database keeps (<see cref="StoredDocument.Checked"/>).</exception>
    ValueTask<bool> AddAsync(StoredDocument document, CancellationToken cancellationToken);

    /// <summary>The latest version, or null.</summary>
    ValueTask<StoredDocument?> LatestAsync(string kind, string name, CancellationToken cancellationToken);

    /// <summary>All versions of all documents of a kind, by name and version. Names are ordered by the numbers of their characters, as by their bytes in UTF-8, whatever the language.</summary>
    IAsyncEnumerable<StoredDocument> ReadAllAsync(string kind, CancellationToken cancellationToken);

    /// <summary>Removes a document with all its versions, if every one of them may be removed; its next version is then the first.</summary>
    /// <returns>Whether there is no such document now; false for one that is append-only, which stays whole.</returns>
    ValueTask<bool> RemoveAsync(string kind, string name, CancellationToken cancellationToken);
}

/// <summary>A version of a document.</summary>
/// <param name="Kind">The kind, such as "programme"; at most <see cref="StorableText.LongestName"/> characters.</param>
/// <param name="Name">The name; at most <see cref="StorableText.LongestName"/> characters.</param>
/// <param name="Version">From 1, without gaps.</param>
/// <param name="Content">The text, usually JSON.</param>
/// <param name="WrittenAt">When it was written.</param>
public sealed record StoredDocument(string Kind, string Name, int Version, string Content, Instant WrittenAt)
{
    /// <summary>Whether it may be removed one day, as a case or a dataset may. Definitions, registers and log books may not, and documents do not unless they say so.</summary>
    public bool Removable { get; init; }

    /// <summary>This document, whose kind, name and content every database keeps letter by letter.</summary>
    /// <exception cref="ArgumentException">One of them has half a character or U+0000 in it, or its kind or name is too long (<see cref="StorableText"/>).</exception>
    public StoredDocument Checked()
    {
        StorableText.CheckName(Kind, "The kind of a document", nameof(Kind));
        StorableText.CheckName(Name, $"The name of a document of kind '{Kind}'", nameof(Name));
        StorableText.Check(Content, $"The document '{Name}' of kind '{Kind}'", nameof(Content));
        return this;
    }
}
