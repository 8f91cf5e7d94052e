using System.Text.Json;
using System.Text.Json.Nodes;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>The revisions of one kind of definitions in a store: added by people, each under the next number of its name, and never overwritten.</summary>
/// <typeparam name="T">What is defined.</typeparam>
/// <param name="documents">Where they are kept.</param>
/// <param name="format">How they are written.</param>
public sealed class RevisionLog<T>(IDocumentStore documents, RevisionFormat<T> format)
    where T : notnull
{
    /// <summary>Every revision, by name and number.</summary>
    public async ValueTask<IReadOnlyList<Revision<T>>> ReadAsync(CancellationToken cancellationToken)
    {
        var revisions = new List<Revision<T>>();
        await foreach (var document in documents.ReadAllAsync(format.Kind, cancellationToken).ConfigureAwait(false))
        {
            revisions.Add(Read(document));
        }

        return revisions;
    }

    /// <summary>Adds a revision under the next number of its name. Where somebody else is faster it is checked again with what they added.</summary>
    /// <param name="definition">The version.</param>
    /// <param name="change">What is done with it.</param>
    /// <param name="by">Who does it, as a code such as "staff:17".</param>
    /// <param name="clock">Now.</param>
    /// <param name="check">Gets all revisions that are there and the one that is to be added, and throws where it does not fit.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="Exception">Whatever the format's reader says of a text that it cannot read: what is written here is read before it is added, and then nothing is.</exception>
    public async ValueTask<Revision<T>> AddAsync(Definition<T> definition, RevisionChange change, string by, IClock clock, Action<IReadOnlyList<Revision<T>>, Revision<T>> check, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(check);
        while (true)
        {
            var known = await ReadAsync(cancellationToken).ConfigureAwait(false);
            var added = new Revision<T>(known.Count(revision => revision.Name == definition.Name) + 1, change, by, clock.GetCurrentInstant(), definition);
            check(known, added);
            var document = new StoredDocument(format.Kind, added.Name, added.Number, Write(added), added.At);

            // One that could not be read again would take all the others with it.
            _ = Read(document);
            if (await documents.AddAsync(document, cancellationToken).ConfigureAwait(false))
            {
                return added;
            }
        }
    }

    private string Write(Revision<T> revision) => new JsonObject
    {
        ["revision"] = format.Changes[(int)revision.Change],
        ["by"] = revision.By,
        ["definition"] = JsonNode.Parse(format.Write(revision.Definition), documentOptions: ConditionJson.Around),
    }.ToJsonString();

    private Revision<T> Read(StoredDocument document)
    {
        using var json = JsonDocument.Parse(document.Content, ConditionJson.Around);
        var root = json.RootElement;
        if (!root.TryGetProperty("revision", out var change) && format.ReadAlone is { } alone)
        {
            return new Revision<T>(document.Version, RevisionChange.Activate, "import", document.WrittenAt, alone(document.Content));
        }

        return new Revision<T>(
            document.Version,
            Change(document, $"{change}"),
            root.GetProperty("by").GetString() ?? "",
            document.WrittenAt,
            format.Read(root.GetProperty("definition").GetRawText()));
    }

    private RevisionChange Change(StoredDocument document, string word) => format.Changes.ToList().IndexOf(word) is >= 0 and var place
        ? (RevisionChange)place
        : throw new FormatException($"The {format.Kind} '{document.Name}', number {document.Version}, is a change of the kind '{word}'; {string.Join(", ", format.Changes.SkipLast(1))} or {format.Changes[^1]} is expected. Use the release that wrote it, or a later one.");
}

/// <summary>How the revisions of one kind of definitions are written as documents.</summary>
/// <typeparam name="T">What is defined.</typeparam>
/// <param name="Kind">The kind of the documents, such as "segment".</param>
/// <param name="Changes">The words for <see cref="RevisionChange"/>, in its order.</param>
/// <param name="Write">Writes a version as JSON.</param>
/// <param name="Read">Reads what <paramref name="Write"/> wrote.</param>
public sealed record RevisionFormat<T>(string Kind, Sequence<string> Changes, Func<Definition<T>, string> Write, Func<string, Definition<T>> Read)
    where T : notnull
{
    /// <summary>Reads a document that is a definition by itself, without who changed what: one that counts, as an import brings it. Null: there are none.</summary>
    public Func<string, Definition<T>>? ReadAlone { get; init; }
}
