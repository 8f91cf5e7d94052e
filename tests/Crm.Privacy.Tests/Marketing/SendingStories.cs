using Crm.Privacy.Consents;
using Crm.Privacy.Marketing;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Tests.Marketing;

/// <summary>Messages on their way out, through the engine.</summary>
public sealed class SendingStories
{
    private static readonly Identity AmysAddress = Identity.Email("amy@example.com");
    private readonly TeaShop shop = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task S23_without_an_answer_marketing_stays_and_service_leaves()
    {
        await shop.BuyAsync("pos:1");

        Assert.Equal(["message.refused offer/1 consent-unknown", "message.sent receipt/1"], await shop.PumpAsync());
        Assert.Equal(["receipt/1"], shop.Mail.Left);
    }

    [Fact]
    public async Task With_consent_both_leave()
    {
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.BuyAsync("pos:1");

        Assert.Equal(["message.sent offer/1", "message.sent receipt/1"], await shop.PumpAsync());
    }

    [Fact]
    public async Task A_consent_withdrawn_between_decision_and_lease_stops_the_message()
    {
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.BuyAsync("pos:1");
        shop.Clock.Advance(Duration.FromSeconds(1));
        await shop.RecordAsync(ConsentEvents.Withdraw("web:2", TeaShop.Amy, "email", "marketing"));

        Assert.Equal(["message.refused offer/1 consent-withdrawn", "message.sent receipt/1"], await shop.PumpAsync());
        Assert.Equal(["receipt/1"], shop.Mail.Left);
    }

    [Fact]
    public async Task An_opt_out_between_decision_and_lease_stops_the_message_although_consent_stands()
    {
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.BuyAsync("pos:1");
        await shop.OptOuts.AddAsync(Identity.Email("AMY@Example.com"), SuppressionScope.Marketing, "unsubscribe-link", Cancelled);

        Assert.Equal(["message.refused offer/1 suppressed", "message.sent receipt/1"], await shop.PumpAsync());
    }

    [Fact]
    public async Task An_opt_out_survives_the_customer_and_counts_for_whoever_comes_with_the_address()
    {
        await shop.OptOuts.AddAsync(AmysAddress, SuppressionScope.Marketing, "phone-call", Cancelled);
        await shop.RecordAsync(ConsentEvents.Give("import:1", TeaShop.Amy, "email", "marketing", "pics-v3", ConsentMethods.Import));
        await shop.BuyAsync("pos:1");

        Assert.Contains("message.refused offer/1 suppressed", await shop.PumpAsync());
    }

    [Fact]
    public async Task An_address_that_must_not_be_written_to_at_all_gets_no_service_message_either()
    {
        await shop.OptOuts.AddAsync(AmysAddress, SuppressionScope.Marketing, "unsubscribe-link", Cancelled);
        await shop.OptOuts.AddAsync(AmysAddress, SuppressionScope.Everything, "wrong-person", Cancelled);
        await shop.OptOuts.AddAsync(AmysAddress, SuppressionScope.Marketing, "unsubscribe-link", Cancelled);
        await shop.BuyAsync("pos:1");

        Assert.Equal(["message.refused offer/1 consent-unknown", "message.refused receipt/1 suppressed"], await shop.PumpAsync());
    }

    [Fact]
    public async Task A_new_consent_counts_again_once_the_address_is_taken_off_the_list()
    {
        await shop.OptOuts.AddAsync(AmysAddress, SuppressionScope.Marketing, "unsubscribe-link", Cancelled);
        await shop.OptOuts.LiftAsync(AmysAddress, "consented-anew", Cancelled);
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.BuyAsync("pos:1");

        Assert.Equal(["message.sent offer/1", "message.sent receipt/1"], await shop.PumpAsync());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not an address")]
    public async Task Where_the_list_cannot_be_asked_marketing_stays(string? email)
    {
        await shop.RecordAsync(ConsentEvents.Give("web:1", TeaShop.Amy, "email", "marketing", "pics-v3"));
        await shop.BuyAsync("pos:1", email);

        Assert.Equal(["message.refused offer/1 address-unknown", "message.sent receipt/1"], await shop.PumpAsync());
    }

    [Fact]
    public async Task The_list_holds_no_address_and_another_key_finds_nothing()
    {
        await shop.OptOuts.AddAsync(AmysAddress, SuppressionScope.Marketing, "unsubscribe-link", Cancelled);

        var documents = new List<StoredDocument>();
        await foreach (var document in ((IDocumentStore)shop.Store).ReadAllAsync(SuppressionList.DocumentKind, Cancelled))
        {
            documents.Add(document);
        }

        Assert.DoesNotContain("amy", Assert.Single(documents).ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(SuppressionScope.Marketing, await shop.OptOuts.FindAsync(AmysAddress, Cancelled));
        Assert.Null(await new SuppressionList(shop.Store, new byte[32], shop.Clock).FindAsync(AmysAddress, Cancelled));
        Assert.Null(await shop.OptOuts.FindAsync(Identity.Email("amy2@example.com"), Cancelled));
    }

    [Fact]
    public async Task Many_who_write_at_once_leave_one_truth()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
            await shop.OptOuts.AddAsync(AmysAddress, number % 2 == 0 ? SuppressionScope.Marketing : SuppressionScope.Everything, "race", Cancelled), Cancelled)));

        Assert.Equal(SuppressionScope.Everything, await shop.OptOuts.FindAsync(AmysAddress, Cancelled));
    }
}
