using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Documents grow by versions and lose nothing.</summary>
internal static class DocumentLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IDocumentStore>(
            "Documents_have_versions_without_gaps",
            "Only the next version of a document is taken, the first being 1; of ten who add it at once, one does.",
            async bench =>
            {
                Bench.Same("Whether a document may begin with version 2", false, await bench.Documents.AddAsync(Document(2), bench.Token));
                Bench.Same("Whether a document may begin with version 0", false, await bench.Documents.AddAsync(Document(0), bench.Token));
                var added = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(async () => await bench.Documents.AddAsync(Document(1), bench.Token))));
                Bench.Same("How many added version 1", 1, added.Count(one => one));
                Bench.Same("Whether version 3 may follow version 1", false, await bench.Documents.AddAsync(Document(3), bench.Token));
                Bench.Same("Whether version 2 may follow version 1", true, await bench.Documents.AddAsync(Document(2), bench.Token));
                Bench.Same("The latest version", Document(2), await bench.Documents.LatestAsync("programme", "club", bench.Token));
                Bench.Same("The latest version of an unknown document", null, await bench.Documents.LatestAsync("programme", "Club", bench.Token));
            },
            () => new Faulty { Add = async (document, store) => document is { Version: 3, Removable: false } ? await store.AddAsync(document with { Version = 2 }, default) : await store.AddAsync(document, default) }),

        Law.Of<IDocumentStore>(
            "Documents_are_never_overwritten",
            "A version that exists is not taken again, and all versions of all documents of a kind come back by name, as its characters are numbered, and version.",
            async bench =>
            {
                var other = Document(1) with { Name = "a-club" };
                var elsewhere = Document(1) with { Kind = "segment" };
                var (wide, beyond) = (Document(1) with { Name = "\uFF43lub" }, Document(1) with { Name = "🍵" }); // the latter's first half comes before the former
                foreach (var document in new[] { beyond, Document(1), elsewhere, wide, Document(2), other })
                {
                    Bench.Same("Whether a new version is taken", true, await bench.Documents.AddAsync(document, bench.Token));
                }

                Bench.Same("Whether a version is taken again", false, await bench.Documents.AddAsync(Document(1) with { Content = "{}" }, bench.Token));
                Bench.Same("Whether the latest version is taken again", false, await bench.Documents.AddAsync(Document(2) with { Content = "{}" }, bench.Token));
                var all = await bench.Documents.ReadAllAsync("programme", bench.Token).ToListAsync(bench.Token);
                Bench.SameList("All documents of a kind", [other, Document(1), Document(2), wide, beyond], all);
            },
            () => new Overwrites()),

        Law.Of<IDocumentStore>(
            "Append_only_documents_refuse_to_be_removed",
            "A document of which a single version is not removable stays whole when it is removed: definitions, registers and log books lose nothing. Nor does a document of another kind or name go.",
            async bench =>
            {
                var log = Document(1) with { Kind = "log-book", Content = "first" };
                var mixed = new[] { Document(1) with { Removable = true }, Document(2), Document(3) with { Removable = true } };
                foreach (var document in mixed.Append(log))
                {
                    Bench.Same("Whether a new version is taken", true, await bench.Documents.AddAsync(document, bench.Token));
                }

                Bench.Same("Whether an append-only document is removed", false, await bench.Documents.RemoveAsync("log-book", "club", bench.Token));
                Bench.Same("Whether a document with one append-only version is removed", false, await bench.Documents.RemoveAsync("programme", "club", bench.Token));
                Bench.SameList("The versions of the document", mixed, await bench.Documents.ReadAllAsync("programme", bench.Token).ToListAsync(bench.Token));
                Bench.Same("The log book", log, await bench.Documents.LatestAsync("log-book", "club", bench.Token));
                Bench.Same("Whether its version can be taken again", false, await bench.Documents.AddAsync(log with { Content = "forged" }, bench.Token));
            },
            () => new RemovesWhatIsAppendOnly()),

        Law.Of<IDocumentStore>(
            "A_removable_document_goes_whole_and_may_begin_again",
            "A document whose versions are all removable goes with all of them, alone; what was never there is gone already; the next version of a removed one is the first.",
            async bench =>
            {
                var case1 = Document(1) with { Kind = "case", Removable = true };
                var case2 = Document(2) with { Kind = "case", Removable = true };
                var other = case1 with { Name = "Club" };
                foreach (var document in new[] { case1, case2, other, Document(1) })
                {
                    Bench.Same("Whether a new version is taken", true, await bench.Documents.AddAsync(document, bench.Token));
                }

                Bench.Same("Whether a removable document goes", true, await bench.Documents.RemoveAsync("case", "club", bench.Token));
                Bench.Same("The latest version of a removed document", null, await bench.Documents.LatestAsync("case", "club", bench.Token));
                Bench.SameList("The documents beside it", [other], await bench.Documents.ReadAllAsync("case", bench.Token).ToListAsync(bench.Token));
                Bench.Same("A document of the same name and another kind", Document(1), await bench.Documents.LatestAsync("programme", "club", bench.Token));
                Bench.Same("Whether a document that is not there is gone", true, await bench.Documents.RemoveAsync("case", "club", bench.Token));
                Bench.Same("Whether it may go on with version 3", false, await bench.Documents.AddAsync(case2 with { Version = 3 }, bench.Token));
                Bench.Same("Whether it may begin again", true, await bench.Documents.AddAsync(case1, bench.Token));
                Bench.Same("The document that began again", case1, await bench.Documents.LatestAsync("case", "club", bench.Token));
            },
            () => new RemovesTheLatestVersionOnly()),

        Law.Of<IDocumentStore>(
            "Documents_come_back_letter_by_letter",
            "A document of a megabyte, texts of every script, and names that differ in case, accents or width are kept as they are.",
            async bench =>
            {
                var texts = ExactnessLaws.Scripts.Append(string.Concat(Enumerable.Repeat("茶🍵\n", 150_000))).ToList();
                for (var n = 0; n < texts.Count; n++)
                {
                    await bench.Documents.AddAsync(new StoredDocument("text", $"text-{n:00}", 1, texts[n], Samples.Start), bench.Token);
                }

                Bench.SameList("Contents", texts, (await bench.Documents.ReadAllAsync("text", bench.Token).ToListAsync(bench.Token)).Select(document => document.Content));
                string[] names = ["A", "a", "é", "e\u0301", "Ａ", "茶"];
                foreach (var name in names)
                {
                    Bench.Same($"Whether a document named '{name}' is another one", true, await bench.Documents.AddAsync(new StoredDocument("named", name, 1, name, Samples.Start), bench.Token));
                }

                foreach (var name in names)
                {
                    Bench.Same($"The document named '{name}'", name, (await bench.Documents.LatestAsync("named", name, bench.Token))?.Content);
                }

                Bench.SameList("The documents by the letters of their names", names.Order(StringComparer.Ordinal), (await bench.Documents.ReadAllAsync("named", bench.Token).ToListAsync(bench.Token)).Select(document => document.Name));
            },
            () => new Faulty { Add = async (document, store) => await store.AddAsync(document.Content.Length > 100_000 ? document with { Content = document.Content[..65_535] } : document, default) }),

        Law.Of<IDocumentStore>(
            "The_longest_names_of_documents_are_found_and_longer_ones_refused",
            "A document is found by a kind and a name of as many characters as a name may have, in letters of three bytes each; one of a character more is refused with an ArgumentException.",
            async bench =>
            {
                var (kind, name) = (KeyLaws.Wide(StorableText.LongestName, 0), KeyLaws.Wide(StorableText.LongestName, 1_000));
                var longest = Document(1) with { Kind = kind, Name = name };
                Bench.Same("Whether the document of the longest names is taken", true, await bench.Documents.AddAsync(longest, bench.Token));
                Bench.Same("The document of the longest names", longest, await bench.Documents.LatestAsync(kind, name, bench.Token));
                foreach (var document in new[] { longest with { Kind = kind + "長" }, longest with { Name = name + "長" } })
                {
                    Bench.Same("Whether a longer name is refused", true, await ExactnessLaws.IsRefusedAsync(() => bench.Documents.AddAsync(document, bench.Token).AsTask()));
                }
            },
            () => new Faulty { Add = async (document, store) => await store.AddAsync(document.Name.Length > 255 ? document with { Name = document.Name[..255] } : document, default) }) with { Since = 5 },

        Law.Of<IDocumentStore>(
            "A_document_of_half_characters_is_refused",
            "A kind, a name or a content with half a character or U+0000 in it is refused with an ArgumentException, and no document is there.",
            async bench =>
            {
                foreach (var text in ExactnessLaws.Unkeepable)
                {
                    foreach (var document in new[] { Document(1) with { Kind = text }, Document(1) with { Name = text }, Document(1) with { Content = text } })
                    {
                        Bench.Same("Whether the document is refused", true, await ExactnessLaws.IsRefusedAsync(() => bench.Documents.AddAsync(document, bench.Token).AsTask()));
                    }
                }

                Bench.SameList("The documents", [], await bench.Documents.ReadAllAsync("programme", bench.Token).ToListAsync(bench.Token));
            },
            () => new Faulty { Add = (document, store) => store.AddAsync(document with { Kind = ExactnessLaws.AsOfUtf8(document.Kind), Name = ExactnessLaws.AsOfUtf8(document.Name), Content = ExactnessLaws.AsOfUtf8(document.Content) }, default).AsTask() }) with { Since = 4 },
    ];

    private static StoredDocument Document(int version) => new("programme", "club", version, $$"""{"名":"茶會","version":{{version}}}""", Samples.At(version) + Duration.FromTicks(1));

    private sealed class Overwrites : StoreDecorator
    {
        private readonly Dictionary<int, StoredDocument> replaced = [];

        public override async ValueTask<bool> AddAsync(StoredDocument document, CancellationToken cancellationToken)
        {
            var added = await base.AddAsync(document, cancellationToken);
            if (!added && document.Content == "{}")
            {
                replaced[document.Version] = document;
            }

            return added;
        }

        public override IAsyncEnumerable<StoredDocument> ReadAllAsync(string kind, CancellationToken cancellationToken) =>
            base.ReadAllAsync(kind, cancellationToken).Select(document => document.Name == "club" ? replaced.GetValueOrDefault(document.Version, document) : document);
    }

    private sealed class RemovesWhatIsAppendOnly : StoreDecorator
    {
        private bool forgets;

        public override async ValueTask<bool> RemoveAsync(string kind, string name, CancellationToken cancellationToken)
        {
            var gone = await base.RemoveAsync(kind, name, cancellationToken);
            forgets |= !gone && kind == "log-book";
            return gone;
        }

        public override async ValueTask<StoredDocument?> LatestAsync(string kind, string name, CancellationToken cancellationToken) =>
            forgets && kind == "log-book" ? null : await base.LatestAsync(kind, name, cancellationToken);
    }

    private sealed class RemovesTheLatestVersionOnly : StoreDecorator
    {
        private StoredDocument? left;

        public override async ValueTask<bool> RemoveAsync(string kind, string name, CancellationToken cancellationToken)
        {
            var latest = await base.LatestAsync(kind, name, cancellationToken);
            left = latest is { Removable: true, Version: 2 } ? latest with { Version = 1 } : left;
            return await base.RemoveAsync(kind, name, cancellationToken);
        }

        public override async ValueTask<StoredDocument?> LatestAsync(string kind, string name, CancellationToken cancellationToken) =>
            await base.LatestAsync(kind, name, cancellationToken) ?? (left is { } kept && kept.Kind == kind && kept.Name == name ? kept : null);
    }
}
