using Crm.Modules;
using Crm.Privacy.Consents;
using Crm.Privacy.Marketing;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Privacy.Tests.Marketing;

/// <summary>What the gate permits.</summary>
public sealed class GateLaws
{
    private static readonly MarketingRules Rules = new(Samples.Purposes);

    [Fact]
    public void Marketing_leaves_only_on_a_granted_consent_for_its_own_channel_and_purpose()
    {
        var facts =
            from name in Gen.Elements("consent.email.marketing", "consent.sms.marketing", "consent.email.service", "consent.email.accounting", "segment.vip")
            from value in Gen.Elements<Scalar>("granted", "refused", "withdrawn", "GRANTED", "", true, 1, default)
            select (name, value);
        var cases =
            from known in facts.ListOf()
            from channel in Gen.Elements("email", "sms", "line")
            from purpose in Gen.Elements("marketing", "service", "accounting", "profiling")
            select (Facts: Fields.Of(known), Message: Message(channel, purpose));

        Prop.ForAll(cases.ToArbitrary(), each =>
        {
            var permitted = Rules.Objection(each.Message, name => each.Facts[name]) is null;
            var expected = each.Message.Purpose == "service"
                || (each.Message.Purpose == "marketing" && each.Facts[$"consent.{each.Message.Channel}.marketing"] == "granted");
            Assert.Equal(expected, permitted);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Theory]
    [InlineData(null, "consent-unknown")]
    [InlineData(ConsentEvents.RefusedFact, "consent-refused")]
    [InlineData(ConsentEvents.WithdrawnFact, "consent-withdrawn")]
    [InlineData(ConsentEvents.GrantedFact, null)]
    public void The_reason_is_what_the_customer_said(string? fact, string? expected) =>
        Assert.Equal(expected, Rules.Objection(Message("email", "marketing"), _ => fact is null ? default : Scalar.Of(fact))?.Code);

    [Fact]
    public void S26_a_template_that_does_not_tell_how_to_opt_out_stays_although_consent_was_given()
    {
        var strict = new MarketingRules(Samples.Purposes) { TemplatesWithOptOut = new HashSet<string> { "offer" } };

        Assert.Null(strict.Objection(Message("email", "marketing"), _ => "granted"));
        Assert.Equal("opt-out-notice-missing", strict.Objection(Message("email", "marketing") with { Template = "note" }, _ => "granted")?.Code);
        Assert.Null(strict.Objection(Message("email", "service") with { Template = "note" }, _ => "granted"));
    }

    [Fact]
    public void Every_reason_has_its_own_code_two_languages_and_a_source()
    {
        Assert.Equal(GateReason.All.Count, GateReason.All.Select(reason => reason.Code).Distinct().Count());
        Assert.All(GateReason.All, reason =>
        {
            Assert.Same(reason, GateReason.Find(reason.Code));
            Assert.NotEqual(reason.Text.English, reason.Text.Chinese);
            Assert.NotEmpty(reason.Text.Chinese);
            Assert.StartsWith("Cap. 486", reason.Source, StringComparison.Ordinal);
        });
    }

    internal static Message Message(string channel, string purpose) => new()
    {
        Occasion = "test",
        Channel = channel,
        Template = "offer",
        Purpose = purpose,
        DecidedAt = Instant.FromUtc(2026, 1, 1, 0, 0),
        UsefulUntil = Instant.FromUtc(2027, 1, 1, 0, 0),
    };
}
