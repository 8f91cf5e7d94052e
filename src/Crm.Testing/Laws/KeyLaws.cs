using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>A key is recorded once, whoever sends it.</summary>
internal static class KeyLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerStore>(
            "A_repeated_key_gets_the_original_receipt",
            "An event sent again with the same payload is answered with the receipt of the first time, and nothing is written.",
            async bench =>
            {
                var first = Samples.Birth(1, "pos:7");
                await bench.WriteAsync(first, Samples.Commit(1, 1, "pos:8"));
                var before = await bench.ContentAsync(1);
                var again = Samples.Commit(1, 2, "pos:7");
                Bench.Same("The same event again", Bench.Already(first), await bench.TryAsync(again));
                await bench.UnchangedAsync("After a repeated key", before, [1]);
            },
            () => Faulty.Answering((commit, result) => result is CommitResult.AlreadyCommitted { Key.Value: "7" } already && already.Receipt.Customer == commit.Customer && commit.ExpectedVersion == 2 ? new CommitResult.AlreadyCommitted(already.Key, commit.Entries[0].Receipt) : result)),

        Law.Of<ICustomerStore>(
            "A_key_belongs_to_its_source_and_not_to_a_customer",
            "One receipt cannot be claimed by two customers: the second gets the receipt of the first, and is not born by it.",
            async bench =>
            {
                var first = Samples.Birth(1, "pos:7");
                await bench.WriteAsync(first);
                Bench.Same("The same event by somebody else", Bench.Already(first), await bench.TryAsync(Samples.Birth(2, "pos:7")));
                Bench.Same("The customer who sent a key of somebody else", CustomerSnapshot.Nobody, await bench.LoadAsync(2));
                await bench.WriteAsync(Samples.Birth(3, "web:7"));
            },
            () => Faulty.Answering((commit, result) => result is CommitResult.AlreadyCommitted { Key: { Source: "pos", Value: "7" } } already && already.Receipt.Customer != commit.Customer ? CommitResult.Done : result)),

        Law.Of<ICustomerStore>(
            "A_key_with_another_payload_is_reused",
            "A key that comes again with another payload is a fault of the sender, and nothing is written.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1, "pos:7"));
                var before = await bench.ContentAsync(1);
                var other = Samples.Commit(1, 1) with { Entries = [Samples.Entry(1, 2, Samples.Purchase("pos:7", dollars: 53))] };
                Bench.Same<CommitResult>("A key with another payload", new CommitResult.KeyReused(EventKey.Parse("pos:7")), await bench.TryAsync(other));
                await bench.UnchangedAsync("After a reused key", before, [1]);
            },
            () => Faulty.Answering((commit, result) => result is CommitResult.KeyReused reused ? new CommitResult.AlreadyCommitted(reused.Key, commit.Entries[0].Receipt) : result)),

        Law.Of<ICustomerStore>(
            "Loading_says_what_is_recorded_under_a_key",
            "Whoever is loaded, and even where nobody is found, the answer says what the store has under the key about to be recorded.",
            async bench =>
            {
                var first = Samples.Birth(1, "pos:7");
                await bench.WriteAsync(first, Samples.Birth(2));
                var recorded = new RecordedKey(first.Entries[0].PayloadHash, first.Entries[0].Receipt);
                foreach (var customer in new[] { CustomerRef.Of(Samples.User(1)), CustomerRef.Of(Samples.Customer(2)), CustomerRef.Of(Samples.User(3)), new CustomerRef(null, null) })
                {
                    var snapshot = await bench.Store.LoadAsync(customer with { Recording = EventKey.Parse("pos:7") }, bench.Token);
                    Bench.Same("What is recorded under a known key", recorded, snapshot.Recorded);
                }

                var unknown = await bench.Store.LoadAsync(CustomerRef.Of(Samples.User(1)) with { Recording = EventKey.Parse("pos:8") }, bench.Token);
                Bench.Same("What is recorded under a new key", null, unknown.Recorded);
            },
            () => new Faulty { Load = (customer, snapshot) => customer.Id is { } id && id != snapshot.Recorded?.Receipt.Customer ? snapshot with { Recorded = null } : snapshot }),

        Law.Of<ICustomerStore>(
            "Keys_and_identities_are_compared_letter_by_letter",
            "No collation makes two keys or identities one: case, accents, composed and decomposed forms, width, Chinese characters and emoji all count.",
            async bench =>
            {
                string[] spellings = ["a", "A", "á", "a\u0301", "ａ", "陳大文", "陈大文", "🐉", "🐲", "ß", "ss", "straße", "ﬁ", "fi", "1", "01", "1.0", "a b", "a\u00a0b"];
                for (var i = 0; i < spellings.Length; i++)
                {
                    await bench.WriteAsync(Samples.Commit(i, 0, $"pos:{spellings[i]}") with { Claims = [new IdentityClaim(Identity.Cookie(spellings[i]), 1)] });
                }

                for (var i = 0; i < spellings.Length; i++)
                {
                    var found = await bench.LoadAsync(Identity.Cookie(spellings[i]));
                    Bench.Same($"The customer with the identity '{spellings[i]}'", Samples.Customer(i), found.Customer);
                    Bench.Same($"The key in the journal", $"pos:{spellings[i]}", $"{(await bench.JournalAsync(i)).Single().Event.Key}");
                }
            },
            () => new Faulty
            {
                Commit = async (commit, store) => commit.Claims is [{ Identity: { Kind: "cookie" } identity }] && identity.Value == "A"
                    ? new CommitResult.IdentityTaken(identity, commit.Customer)
                    : await store.CommitAsync(commit, default),
            }),

        Law.Of<ICustomerStore>(
            "The_longest_keys_and_identities_lead_to_whom_they_are_of",
            "Keys and identities of 200 characters, sources and kinds of 100, and facts of as many characters as a name may have, in letters of three bytes each and in emoji, are kept whole: no index cuts them or finds them too long.",
            async bench =>
            {
                var longest = new[] { Wide(199, 0) + "甲", Wide(199, 0) + "乙", string.Concat(Enumerable.Repeat("🍵🐉", 50)) }.Select(value => (Key: new EventKey(new string('s', Names.Longest), value), Identity: new Identity(new string('k', Names.Longest), value))).ToList();
                var fact = Wide(StorableText.LongestName, 300);
                for (var n = 0; n < longest.Count; n++)
                {
                    await bench.WriteAsync(Samples.Commit(n, 0) with { Entries = [Samples.Entry(n, 1, Samples.Purchase("pos:1") with { Key = longest[n].Key })], Claims = [new IdentityClaim(longest[n].Identity, 1)], Facts = [new(fact, n)] });
                }

                for (var n = 0; n < longest.Count; n++)
                {
                    var found = await bench.Store.LoadAsync(CustomerRef.Of(longest[n].Identity) with { Recording = longest[n].Key }, bench.Token);
                    Bench.Same("The customer with the longest identity", Samples.Customer(n), found.Customer);
                    Bench.Same("Whose receipt is known by the longest key", Samples.Customer(n), found.Recorded?.Receipt.Customer);
                    Bench.Same("The longest key in the journal", longest[n].Key, (await bench.JournalAsync(n)).Single().Event.Key);
                }
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry.Event.Key.Value.Length > 150 ? entry with { Event = entry.Event with { Key = new EventKey(entry.Event.Key.Source, entry.Event.Key.Value[..150]) } } : entry) }) with { Since = 5 },
    ];

    /// <summary>Letters of three bytes each, which is the most that a character has, and so mixed that nothing makes them shorter.</summary>
    internal static string Wide(int characters, int from) => string.Concat(Enumerable.Range(from, characters).Select(n => (char)('\u4e00' + (n * 7919 % 20_000))));
}
