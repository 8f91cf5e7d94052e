using System.Text;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>What comes back is what was written, to the last unit and letter.</summary>
internal static class ExactnessLaws
{
    /// <summary>Texts that databases, drivers and collations are known to change.</summary>
    internal static readonly string[] Scripts =
    [
        "陳大文", "陈大文", "é", "e\u0301", "Ｗｉｄｅ", "ﬁ", "ß", "ẞ", "İ", "ı", "i", "I", "👩‍👩‍👧‍👦", "🏳️‍🌈", "שלום", "ﷺ", "\u200bzero\u200d", "\u00a0hard\u00a0", "𠮷野家", "'; DROP TABLE crm_event; --",
        "{0} {rows} $1 ?1 :x @p1 %s", "\\N \\0 \\", "\"quoted\"", "NULL", "0x41", "1e3", "01", " blanks ", "一\t二\n三",
    ];

    /// <summary>Texts that some databases cannot keep, and others keep as something else.</summary>
    internal static readonly string[] Unkeepable = ["x\uD83C", "x\uD83D", "\uDF75x", "\uDF75\uD83C", "x\0", "x\0y"];

    private static readonly string[] Currencies = ["HKD", "JPY", "KWD", "CLF"];

    private static readonly decimal[] Decimals =
    [
        decimal.MaxValue, decimal.MinValue, 0.0000000000000000000000000001m, -0.0000000000000000000000000001m, 1.2345678901234567890123456789m, 7_922_816_251_426_433_759_354_395_033.5m, 0.1m, -0.5m, 1m / 3, 9_007_199_254_740_993m,
    ];

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerStore>(
            "Texts_of_every_script_come_back_letter_by_letter",
            "No part of an event, of a slot's name or of the profile is normalised, folded, trimmed, cut or taken for SQL: Chinese, composed and decomposed accents, emoji of several characters, Hebrew, quotes.",
            async bench =>
            {
                for (var n = 0; n < Scripts.Length; n++)
                {
                    var text = Scripts[n];
                    var happened = Samples.Purchase($"pos:{n}") with { Channel = text, Brand = text, Actor = text, Fields = Fields.Of(("note", text)), Lines = [new EventLine(text, 1, Money.Hkd(1), text)] };
                    var entry = Samples.Entry(1, n + 1, happened);
                    await bench.WriteAsync(Samples.Commit(1, n) with { Entries = [entry with { Receipt = entry.Receipt with { Lines = [new ReceiptLine("loyalty", text) { Subject = text, Text = new Text(text, text) }] } }], Profile = Fields.Of(("name", text)) });
                    Bench.Same("A profile value", text, (await bench.LoadAsync(1)).Profile["name"].AsCode);
                }

                var journal = await bench.JournalAsync(1);
                Bench.SameList("The channels of the journal", Scripts, journal.Select(entry => entry.Event.Channel ?? ""));
                Bench.SameList("The categories of the journal", Scripts, journal.Select(entry => entry.Event.Lines[0].Category ?? ""));
                Bench.SameList("The articles of the journal", Scripts, journal.Select(entry => entry.Event.Lines[0].Sku));
                Bench.SameList("The subjects of receipts", Scripts, journal.Select(entry => entry.Receipt.Lines[0].Subject ?? ""));
                Bench.SameList("The fields of events", Scripts, journal.Select(entry => entry.Event.Fields["note"].AsCode ?? ""));
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry with { Event = entry.Event with { Channel = entry.Event.Channel?.Normalize() } }) }),

        Law.Of<ICustomerStore>(
            "No_text_is_written_as_another",
            "Half a character, as when a name is cut inside an emoji, and U+0000 come back as they were, or are refused with an ArgumentException and nothing is written: two texts never become one.",
            async bench =>
            {
                for (var n = 0; n < Unkeepable.Length; n++)
                {
                    var text = Unkeepable[n];
                    var entry = Samples.Entry(n, 1, Samples.Purchase($"pos:{n}"));
                    var commit = Samples.Commit(n, 0) with { Entries = [entry with { Event = entry.Event with { Fields = Fields.Of(("note", text)), Lines = [new EventLine(text, 1, Money.Hkd(52), text)] } }] };
                    if (await IsRefusedAsync(async () => await bench.WriteAsync(commit)))
                    {
                        Bench.Same("The version of a customer whose commit was refused", 0, (await bench.LoadAsync(n)).Version);
                        continue;
                    }

                    var written = (await bench.JournalAsync(n))[0].Event;
                    Bench.SameList("The article, the category and a field of an event", [text, text, text], [written.Lines[0].Sku, written.Lines[0].Category ?? "", written.Fields["note"].AsCode ?? ""]);
                }
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry with { Event = entry.Event with { Lines = entry.Event.Lines.Select(line => line with { Sku = AsOfUtf8(line.Sku) }).ToSequence() } }) })
            with { Since = 4 },

        Law.Of<ICustomerStore>(
            "Money_is_exact_in_every_currency",
            "Amounts come back to the smallest unit, whatever the decimals of their currency, as large as a number of 64 bits, negative and zero.",
            async bench =>
            {
                long[] units = [0, 1, -1, 5_250, 9_007_199_254_740_993, long.MaxValue, long.MinValue];
                var amounts = Currencies.SelectMany(code => units.Select(minor => new Money(minor, Currency.Of(code)))).ToList();
                var entries = amounts.Select((amount, n) => Samples.Entry(1, n + 1, Samples.Purchase($"pos:{n}") with { Spend = amount, Lines = [new EventLine("tea", 1, amount)] })).ToSequence();
                await bench.WriteAsync(Samples.Commit(1, 0) with { Version = amounts.Count, Entries = entries });
                var journal = await bench.JournalAsync(1);
                Bench.SameList("The amounts that were spent", amounts, journal.Select(entry => entry.Event.Spend ?? default));
                Bench.SameList("The amounts of lines", amounts, journal.Select(entry => entry.Event.Lines[0].Amount));
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry.Event.Spend is { Currency.Code: "KWD" } spend ? entry with { Event = entry.Event with { Spend = spend with { MinorUnits = (long)(spend.MinorUnits / 10.0 * 10.0) } } } : entry) }),

        Law.Of<ICustomerStore>(
            "Decimal_numbers_are_exact",
            "Quantities and numbers in fields come back with all of their 28 digits.",
            async bench =>
            {
                var entries = Decimals.Select((number, n) => Samples.Entry(1, n + 1, Samples.Purchase($"pos:{n}") with { Fields = Fields.Of(("number", number)), Lines = [new EventLine("tea", number, Money.Hkd(1))] })).ToSequence();
                await bench.WriteAsync(Samples.Commit(1, 0) with { Version = Decimals.Length, Entries = entries });
                var journal = await bench.JournalAsync(1);
                Bench.SameList("Quantities", Decimals, journal.Select(entry => entry.Event.Lines[0].Quantity));
                Bench.SameList("Numbers in fields", Decimals, journal.Select(entry => entry.Event.Fields["number"].AsNumber));
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry with { Event = entry.Event with { Lines = entry.Event.Lines.Select(line => Math.Abs(line.Quantity) < 1e9m ? line with { Quantity = decimal.Round(line.Quantity, 20) } : line).ToSequence() } }) }),

        Law.Of<IJournalScan>(
            "Facts_are_exact",
            "Facts that audiences read come back with all digits and letters, however large, small or far away.",
            async bench =>
            {
                var facts = Decimals.Select((number, n) => new Fact($"number.{n:00}", number, Samples.Start + Duration.FromTicks(n + 1)))
                    .Concat(Scripts.Select((text, n) => new Fact($"text.{n:00}", text)))
                    .Append(new Fact("z.date", new LocalDate(1, 1, 1))).Append(new Fact("z.instant", Instant.FromUtc(9999, 12, 31, 23, 59) + Duration.FromTicks(599_999_999))).ToList();
                await bench.WriteAsync(Samples.Commit(1, 0) with { Facts = [.. facts] });
                Bench.SameList("The facts of a customer", facts, (await bench.FactsAsync()).Select(row => row.Item2));
            },
            () => Faulty.Writing(commit => commit with { Facts = commit.Facts.Select(fact => fact.Name == "number.04" ? fact with { Value = decimal.Round(fact.Value.AsNumber, 15) } : fact).ToSequence() })),

        Law.Of<ICustomerStore>(
            "Lines_stay_in_their_order_and_with_their_event",
            "A thousand lines of one event come back in the order in which they were sent, equal ones too, and none moves to the event beside it.",
            async bench =>
            {
                EventLine[] many = [.. Enumerable.Range(0, 1_000).Select(n => new EventLine($"sku-{(n * 7919) % 100}", n % 3, Money.Hkd(n), n % 2 == 0 ? null : "tea"))];
                EventLine[] few = [new("z", 1, Money.Hkd(1)), new("a", 1, Money.Hkd(1)), new("a", 1, Money.Hkd(1))];
                await bench.WriteAsync(Samples.Commit(1, 0) with
                {
                    Version = 3,
                    Entries = [Samples.Entry(1, 1, Samples.Purchase("pos:1") with { Lines = [.. few] }), Samples.Entry(1, 2, Samples.Purchase("pos:2") with { Lines = [.. many] }), Samples.Entry(1, 3, Samples.Purchase("pos:3"))],
                });
                var journal = await bench.JournalAsync(1);
                Bench.SameList("Few lines", few, journal[0].Event.Lines);
                Bench.SameList("Many lines", many, journal[1].Event.Lines);
                Bench.SameList("No line", [], journal[2].Event.Lines);
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry.Event.Lines.Count > 100 ? entry with { Event = entry.Event with { Lines = entry.Event.Lines.OrderBy(line => line.Sku, StringComparer.Ordinal).ToSequence() } } : entry) }),

        Law.Of<ICustomerStore>(
            "What_is_absent_is_not_what_is_empty",
            "Parts that were left out come back as left out, and texts without a letter as such, each in its own place of the order: a database in which one stands for the other loses what was meant.",
            async bench =>
            {
                CustomerEvent[] events =
                [
                    Samples.Purchase("pos:0") with { Channel = null, Brand = "tea", Actor = "" },
                    Samples.Purchase("pos:1") with { Channel = "", Brand = null, Actor = "staff:1" },
                    Samples.Purchase("pos:2") with { Channel = "shop", Brand = "", Actor = null },
                    Samples.Purchase("pos:3") with { Spend = null, Lines = [new EventLine("tea", 0, Money.Hkd(0), ""), new EventLine("tea", 0, Money.Hkd(0))] },
                    Samples.Purchase("pos:4") with { Spend = Money.Hkd(0), Original = EventKey.Parse("pos:0"), Customer = Samples.Customer(9) },
                ];
                var entries = events.Select((happened, n) => Samples.Entry(1, n + 1, happened) with { IdentityReference = n % 2 == 0 ? null : n }).ToList();
                await bench.WriteAsync(Samples.Commit(1, 0) with { Version = events.Length, Entries = [.. entries] });
                var journal = await bench.JournalAsync(1);
                Bench.SameList("Channel, brand and actor, present, empty and absent", events.Select(Shown), journal.Select(entry => Shown(entry.Event)));
                Bench.SameList("Entries with and without their parts", entries, journal);
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry.Event.Brand is "" ? entry with { Event = entry.Event with { Brand = null } } : entry) }),

        Law.Of<ICustomerStore>(
            "A_checkpoint_of_the_same_instant_is_replaced",
            "A second checkpoint at an instant takes the place of the first; there is never a choice between two.",
            async bench =>
            {
                await bench.WriteAsync(
                    Samples.Commit(1, 0) with { Checkpoints = [new Checkpoint(Samples.At(1), [Samples.Slot("kernel", 1), Samples.Slot("loyalty", 1)])] },
                    Samples.Commit(1, 1) with { Checkpoints = [new Checkpoint(Samples.At(1), [Samples.Slot("kernel", 2)])] });
                Bench.SameList("The slots of the checkpoint", [Samples.Slot("kernel", 2)], (await bench.HistoryAsync(1, new HistoryStart.Before(Samples.At(2)))).Checkpoint?.Slots ?? []);
            },
            () => new Faulty
            {
                Commit = async (commit, store) =>
                {
                    var known = (await store.LoadHistoryAsync(commit.Customer, new HistoryStart.Before(Bench.Later), default)).Checkpoint?.At;
                    return await store.CommitAsync(commit.Entries.IsEmpty && commit.CheckpointsInvalidFrom is null ? commit with { Checkpoints = commit.Checkpoints.Where(checkpoint => checkpoint.At != known).ToSequence() } : commit, default);
                },
            }),

        Law.Of<IJournalScan>(
            "Equal_ledger_entries_are_two_entries",
            "Two equal movements in one commit, and the same two in the next, are four rows of the ledger: nothing is taken for a repetition but a key.",
            async bench =>
            {
                LedgerEntry[] twice = [Samples.Issued(5), Samples.Issued(5)];
                await bench.WriteAsync(Samples.Commit(1, 0) with { Ledger = [.. twice] }, Samples.Commit(1, 1) with { Ledger = [.. twice] });
                Bench.SameList("The ledger", twice.Concat(twice), (await bench.LedgerAsync()).Select(row => row.Item2));
            },
            () => Faulty.Writing(commit => commit with { Ledger = commit.Ledger.Distinct().ToSequence() })),
    ];

    /// <summary>What becomes of a text whose halves of characters are replaced: the others stay as they were.</summary>
    internal static string AsOfUtf8(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether something is refused with an <see cref="ArgumentException"/>.</summary>
    internal static async Task<bool> IsRefusedAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
            return false;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static string Shown(CustomerEvent happened) => string.Join(' ', new[] { happened.Channel, happened.Brand, happened.Actor }.Select(text => text is null ? "absent" : $"'{text}'"));
}
