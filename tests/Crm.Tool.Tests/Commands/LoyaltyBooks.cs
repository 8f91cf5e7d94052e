using System.Text.Json;
using Crm.Tool.Commands;
using Crm.Tool.Demo;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using Crm.Values;
using Microsoft.Data.Sqlite;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm loyalty: balances, what runs out, and the certificate.</summary>
public sealed class LoyaltyBooks : IDisposable
{
    private const string End = "2026-03-01T16:00:00Z";
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_balances_of_all_customers_add_up_to_the_report_and_what_runs_out_is_gone_when_it_has()
    {
        var (file, names) = await Shop();
        var units = (await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", End, "--json")).Json.GetProperty("units").GetProperty("points");
        var (now, later, expiring) = (0L, 0L, 0L);
        foreach (var name in names)
        {
            now += Points((await Support.Tool.RunAsync("loyalty", "balance", name, "--store", file, "--as-of", End, "--json")).Json);
            later += Points((await Support.Tool.RunAsync("loyalty", "balance", name, "--store", file, "--as-of", "2030-01-01", "--json")).Json);
            expiring += (await Support.Tool.RunAsync("loyalty", "expiring", name, "--store", file, "--as-of", End, "--json")).Json.GetProperty("lots").EnumerateArray()
                .Where(lot => lot.GetProperty("unit").GetString() == "points").Sum(lot => lot.GetProperty("amount").GetInt64());
        }

        Assert.Equal((units.GetProperty("available").GetInt64(), 0L, units.GetProperty("available").GetInt64()), (now, later, expiring));
    }

    [Fact]
    public async Task The_books_are_certified_and_exported()
    {
        var (file, _) = await Shop();
        var export = folder.PathOf("ledger.tsv");
        var certified = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--export", export, "--json");

        Assert.Equal((0, 0), (certified.Code, certified.Json.GetProperty("faults").GetArrayLength()));
        Assert.Equal(certified.Json.GetProperty("entries").GetInt64(), File.ReadLines(export).LongCount());
    }

    [Fact]
    public async Task A_count_goes_on_from_its_book_and_comes_to_what_counting_everything_comes_to()
    {
        var (file, names) = await Shop();
        var (book, export) = (folder.PathOf("shop.book"), folder.PathOf("new.tsv"));
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book)).Code);
        Assert.True(await Earns(file, names[0]) > 0);
        var on = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book, "--export", export, "--json");
        var whole = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--json");

        Assert.Equal(whole.Out, on.Out);
        Assert.InRange(File.ReadLines(export).Count(), 1, 9);
        Assert.True(whole.Json.GetProperty("entries").GetInt64() > 100);
        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", folder.Write("no.book", "nothing"))).Code);
        Assert.Equal([book], Directory.GetFiles(Path.GetDirectoryName(book)!, "shop.book*"));
    }

    [Fact]
    public async Task A_book_that_was_changed_is_refused_and_so_is_that_of_another_tenant()
    {
        var (file, names) = await Shop();
        var book = folder.PathOf("shop.book");
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book)).Code);
        Assert.Contains("is of the tenant 'default', and 'tea' is counted", (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--tenant", "tea", "--book", book)).Error);
        Execute(book, "UPDATE page SET text = replace(text, 'account ', 'account 1') WHERE place = ''");

        var refused = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book);

        Assert.Equal(1, refused.Code);
        Assert.Contains("was changed: The page '' of the book comes to the hash", refused.Error);
    }

    [Fact]
    public async Task A_book_is_kept_only_when_all_adds_up_and_who_is_gone_from_a_store_is_named()
    {
        var (file, names) = await Shop();
        var book = folder.PathOf("shop.book");
        var copy = folder.PathOf("copy.db");
        File.Copy(file, copy);
        Assert.True(await Earns(file, names[0]) > 0);
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book)).Code);
        var before = File.ReadAllBytes(book);

        var restored = await Support.Tool.RunAsync("loyalty", "certify", "--store", copy, "--book", book);
        Execute(copy, "UPDATE crm_ledger SET lot = 'other', amount = -1 WHERE rowid = (SELECT max(rowid) FROM crm_ledger)");
        var broken = await Support.Tool.RunAsync("loyalty", "certify", "--store", copy, "--book", folder.PathOf("new.book"));

        Assert.Equal((4, 4), (restored.Code, broken.Code));
        Assert.Contains("was certified up to version", restored.Error);
        Assert.Equal(before, File.ReadAllBytes(book));
        Assert.False(File.Exists(folder.PathOf("new.book")));
    }

    [Fact]
    public async Task A_store_that_was_restored_and_where_the_same_customer_went_on_is_not_certified()
    {
        var (file, names) = await Shop();
        var (book, copy) = (folder.PathOf("shop.book"), folder.PathOf("copy.db"));
        File.Copy(file, copy);
        Assert.True(await Earns(file, names[0]) > 0);
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book)).Code);
        var before = File.ReadAllBytes(book);
        Assert.True(await Earns(copy, names[0], "till:another") > 0);

        var restored = await Support.Tool.RunAsync("loyalty", "certify", "--store", copy, "--book", book);

        Assert.Equal(4, restored.Code);
        Assert.Contains("are not those that were certified", restored.Error);
        Assert.Equal(before, File.ReadAllBytes(book));
    }

    [Fact]
    public async Task A_count_whose_certificate_could_not_be_signed_is_done_again_as_if_it_had_never_been()
    {
        var (file, names) = await Shop();
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var (secret, open, written) = (folder.Write("private.pem", key.ExportECPrivateKeyPem()), folder.Write("public.pem", key.ExportSubjectPublicKeyInfoPem()), folder.PathOf("november.txt"));
        var (book, never, export, once) = (folder.PathOf("shop.book"), folder.PathOf("never.book"), folder.PathOf("new.tsv"), folder.PathOf("once.tsv"));
        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", never, "--certificate", written, "--key", open)).Code);
        Assert.False(File.Exists(never));
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book)).Code);
        Assert.True(await Earns(file, names[0]) > 0);
        File.Copy(book, never);
        var right = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", never, "--export", once, "--json");

        var failed = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book, "--export", export, "--certificate", written, "--key", open);
        var again = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book, "--export", export, "--certificate", written, "--key", secret, "--json");

        Assert.Equal((1, 0), (failed.Code, again.Code));
        Assert.Equal(right.Out, again.Out);
        Assert.NotEmpty(File.ReadAllText(export));
        Assert.Equal(File.ReadAllText(once), File.ReadAllText(export));
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--check", written, "--key", open)).Code);
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book, "--export", export)).Code);
        Assert.Empty(File.ReadAllText(export));
    }

    [Fact]
    public async Task After_a_vacuum_a_count_goes_on_all_the_same()
    {
        var (file, names) = await Shop();
        var book = folder.PathOf("shop.book");
        Assert.True(await Earns(file, names[0]) > 0);
        Execute(file, "INSERT INTO crm_ledger SELECT 'tea', bucket, customer_id, version, line, program, unit, lot, amount, movement, cause_source, cause_key, occurred_at, recorded_at, rule, code, definition, corrects_source, corrects_key FROM crm_ledger LIMIT 50");
        Assert.True(await Earns(file, names[1], "till:two-more") > 0);
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book)).Code);
        Execute(file, "DELETE FROM crm_ledger WHERE tenant = 'tea'");
        Execute(file, "VACUUM");
        Assert.True(await Earns(file, names[2], "till:three-more") > 0);

        var on = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--book", book, "--json");

        Assert.Equal((await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--json")).Out, on.Out);
    }

    [Fact]
    public async Task A_certificate_is_signed_and_checked_with_or_without_the_store()
    {
        var (file, names) = await Shop();
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var (secret, open, written) = (folder.Write("private.pem", key.ExportECPrivateKeyPem()), folder.Write("public.pem", key.ExportSubjectPublicKeyInfoPem()), folder.PathOf("november.txt"));
        Assert.Equal(0, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--certificate", written, "--key", secret)).Code);

        Assert.Contains("unchanged", (await Support.Tool.RunAsync("loyalty", "certify", "--check", written, "--key", open)).Out);
        var same = await Support.Tool.RunAsync("loyalty", "certify", "--check", written, "--key", open, "--store", file, "--json");
        Assert.Equal((0, true, true), (same.Code, same.Json.GetProperty("signed").GetBoolean(), same.Json.GetProperty("same").GetBoolean()));
        await Earns(file, names[0]);
        Assert.Equal(4, (await Support.Tool.RunAsync("loyalty", "certify", "--check", written, "--key", open, "--store", file)).Code);
        File.WriteAllText(written, File.ReadAllText(written).Replace("entries ", "entries 1", StringComparison.Ordinal));
        Assert.Equal(4, (await Support.Tool.RunAsync("loyalty", "certify", "--check", written, "--key", open)).Code);
        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "certify", "--check", written, "--key", written)).Code);
        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--certificate", written, "--key", open)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--key", secret)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "certify")).Code);
    }

    [Fact]
    public async Task Who_is_not_there_has_no_balance()
    {
        var (file, _) = await Shop();

        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "balance", "user:nobody", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "balance", "nobody", "--store", file)).Code);
    }

    [Fact]
    public async Task A_quote_says_what_would_be_earned_and_why_not_more_and_writes_nothing()
    {
        var (file, names) = await Shop();
        var before = await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--json");
        string[] cart = ["--spend", "128.00 HKD", "--line", "oolong:1:28.00:tea", "--line", "leaf:1:100.00:leaf", "--store", file];
        var quote = await Support.Tool.RunAsync(["loyalty", "quote", names[0], .. cart, "--json"]);

        // A quote counts from the customer's latest event on, which may have been in the quiet hours.
        foreach (var name in names.Skip(1).TakeWhile(_ => quote.Json.GetProperty("whyNot").GetArrayLength() == 0))
        {
            quote = await Support.Tool.RunAsync(["loyalty", "quote", name, .. cart, "--json"]);
        }

        Assert.True(quote.Code == 0, quote.Error);
        Assert.Equal((12L, 12L), (quote.Json.GetProperty("units").GetProperty("points").GetInt64(), quote.Json.GetProperty("units").GetProperty("status").GetInt64()));
        Assert.Contains(quote.Json.GetProperty("why").EnumerateArray(), line => line.GetProperty("subject").GetString() == "base" && line.GetProperty("zh-Hant").GetString() == "按規則「base」獲得 12 points。");
        Assert.Contains(quote.Json.GetProperty("whyNot").EnumerateArray(), line => line.GetProperty("subject").GetString() == "quiet-hours" && line.GetProperty("en").GetString()?.Length > 0);
        Assert.Equal(before.Out, (await Support.Tool.RunAsync("loyalty", "certify", "--store", file, "--json")).Out);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "quote", names[0], "--spend", "12.345 HKD", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "quote", names[0], "--spend", "12 HKD", "--line", "oolong", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "quote", names[0], "--spend", "999999999999999999 HKD", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("loyalty", "quote", names[0], "--spend", "12 HKD", "--line", "oolong:1:999999999999999999", "--store", file)).Code);
        Assert.Contains("按規則", (await Support.Tool.RunAsync("loyalty", "quote", names[0], "--spend", "128.00 HKD", "--store", file, "--lang", "zh-Hant")).Out);
    }

    [Fact]
    public async Task A_past_event_is_explained_as_it_was_answered_with_the_reasons_of_the_other_rules()
    {
        var (file, names) = await Shop();
        var (who, entry) = await PurchaseOf(file, names);
        var told = await Support.Tool.RunAsync("loyalty", "explain", who, entry.Event.Key.ToString(), "--store", file, "--json");
        Assert.True(told.Code == 0, told.Error);
        Assert.Equal(
            entry.Receipt.Lines.Select(line => (line.Code, line.Unit is null ? 0 : line.Amount)),
            told.Json.GetProperty("why").EnumerateArray().Select(line => (line.GetProperty("code").GetString() ?? "", line.TryGetProperty("amount", out var amount) ? amount.GetInt64() : 0)));
        var gave = entry.Receipt.Lines.Where(line => line.Code == "issued").Select(line => line.Subject).ToList();
        var reasons = told.Json.GetProperty("whyNot").EnumerateArray().Select(line => line.GetProperty("subject").GetString()).ToList();
        Assert.Equal(["base", "quiet-hours", "status"], gave.Concat(reasons).Distinct().Order(StringComparer.Ordinal));
        Assert.Empty(gave.Intersect(reasons));
        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "explain", who, "till:nothing", "--store", file)).Code);
        Assert.Contains("規則", (await Support.Tool.RunAsync("loyalty", "explain", who, entry.Event.Key.ToString(), "--store", file, "--lang", "zh-Hant")).Out);
    }

    [Fact]
    public async Task A_refund_is_explained_by_what_it_took_of_what_the_purchase_gave()
    {
        var (file, names) = await Shop();
        var earned = await Earns(file, names[0]);
        await Records(file, Crm.Events.CustomerEvent.Refund("till:back", IdentityNames.Parse(names[0]), "till:one-more", Money.Hkd(128)));

        var english = await Support.Tool.RunAsync("loyalty", "explain", names[0], "till:back", "--store", file);
        var chinese = await Support.Tool.RunAsync("loyalty", "explain", names[0], "till:back", "--store", file, "--lang", "zh-Hant");

        Assert.Contains($"Corrected by −{earned} points.\n  −{earned} points of what came of 'till:one-more'.\n", english.Out);
        Assert.Contains($"更正 −{earned} points。\n  「till:one-more」之所得：−{earned} points。\n", chinese.Out);
        Assert.DoesNotContain("kernel", english.Out + chinese.Out);
    }

    [Fact]
    public async Task The_same_programme_changes_nothing_and_another_has_winners()
    {
        var (file, _) = await Shop();
        var same = folder.Write("same.json", Crm.Loyalty.Programs.LoyaltyProgramJson.Write(TeaShop.Program));
        var twice = folder.Write("twice.json", Crm.Loyalty.Programs.LoyaltyProgramJson.Write(TeaShop.Program).Replace("\"name\":\"base\",\"unit\":\"points\",\"points\":1", "\"name\":\"base\",\"unit\":\"points\",\"points\":2", StringComparison.Ordinal));
        var books = (await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", End, "--json")).Json.GetProperty("units").GetProperty("points");

        var nothing = await Support.Tool.RunAsync("loyalty", "simulate", same, "--store", file, "--as-of", End, "--json");
        var more = await Support.Tool.RunAsync("loyalty", "simulate", twice, "--store", file, "--as-of", End, "--json");

        Assert.True(nothing.Code == 0, nothing.Error);
        var points = nothing.Json.GetProperty("units").GetProperty("points");
        Assert.Equal((0L, 0L), (points.GetProperty("winners").GetInt64(), points.GetProperty("losers").GetInt64()));
        Assert.Equal(points.GetProperty("now").GetRawText(), points.GetProperty("then").GetRawText());
        Assert.Equal(books.GetProperty("available").GetInt64(), points.GetProperty("then").GetProperty("available").GetInt64());
        Assert.True(nothing.Json.GetProperty("compared").GetBoolean());
        Assert.True(more.Json.GetProperty("units").GetProperty("points").GetProperty("winners").GetInt64() > 10, more.Out);
        Assert.Equal(10, more.Json.GetProperty("winners").GetArrayLength());
        Assert.Equal(1, (await Support.Tool.RunAsync("loyalty", "simulate", folder.PathOf("missing.json"), "--store", file)).Code);
        Assert.Contains("winners", (await Support.Tool.RunAsync("loyalty", "simulate", twice, "--store", file)).Out);
    }

    private static async Task<(string Customer, Crm.Storage.JournalEntry Entry)> PurchaseOf(string file, IReadOnlyList<string> names)
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.MustExist, CancellationToken.None);
        foreach (var name in names)
        {
            var snapshot = await store.Customers.LoadAsync(Crm.Storage.CustomerRef.Of(IdentityNames.Parse(name)), CancellationToken.None);
            var history = await store.Customers.LoadHistoryAsync(snapshot.Customer ?? default, new Crm.Storage.HistoryStart.Beginning(), CancellationToken.None);
            if (history.Entries.FirstOrDefault(entry => entry.Event.Kind == "purchase" && entry.Event.Spend is { MinorUnits: > 2_000 }) is { } found)
            {
                return (name, found);
            }
        }

        throw new InvalidOperationException("Nobody has bought anything.");
    }

    private static async Task<long> Earns(string file, string name, string key = "till:one-more") =>
        (await Records(file, Crm.Events.CustomerEvent.Purchase(key, IdentityNames.Parse(name), Money.Hkd(128)))).Total("points");

    private static async Task<Crm.Events.Receipt> Records(string file, Crm.Events.CustomerEvent happened)
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.MustExist, CancellationToken.None);
        var settings = await StoreSettings.ReadAsync(store.Documents, CancellationToken.None) ?? new StoreSettings(NodaTime.DateTimeZone.Utc);
        var engine = await store.EngineAsync(settings, NodaTime.SystemClock.Instance, CancellationToken.None);
        return await engine.RecordAsync(happened);
    }

    private static void Execute(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static long Points(JsonElement balance) => balance.GetProperty("units").EnumerateArray()
        .Where(unit => unit.GetProperty("unit").GetString() == "points").Sum(unit => unit.GetProperty("available").GetInt64());

    private async Task<(string File, IReadOnlyList<string> Customers)> Shop()
    {
        var file = folder.PathOf("demo.db");
        await Support.Tool.RunAsync("demo", "--customers", "20", "--days", "60", "--store", file);
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.MustExist, CancellationToken.None);
        var names = new Dictionary<CustomerId, string>();
        await foreach (var (customer, identity) in store.Scan.ReadIdentitiesAsync(CancellationToken.None))
        {
            names[customer] = $"{identity.Kind}:{identity.Value}";
        }

        return (file, [.. names.Values]);
    }
}
