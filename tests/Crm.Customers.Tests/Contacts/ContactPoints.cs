using Crm.Customers.Contacts;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Customers.Tests.Contacts;

/// <summary>The normal form of e-mail addresses and telephone numbers.</summary>
public sealed class ContactPoints
{
    [Theory]
    [InlineData("9123 4567", DialledIn.HongKong, "+85291234567")]
    [InlineData("(852) 9123-4567", DialledIn.HongKong, null)]
    [InlineData("+852 9123 4567", DialledIn.Taiwan, "+85291234567")]
    [InlineData("００８５２９１２３４５６７", DialledIn.Macao, "+85291234567")]
    [InlineData("6612 3456", DialledIn.Macao, "+85366123456")]
    [InlineData("9612 3456", DialledIn.Macao, null)]
    [InlineData("0912-345-678", DialledIn.Taiwan, "+886912345678")]
    [InlineData("(02) 2345 6789", DialledIn.Taiwan, "+886223456789")]
    [InlineData("912345678", DialledIn.Taiwan, null)]
    [InlineData("091234567", DialledIn.Taiwan, null)]
    [InlineData("1823", DialledIn.HongKong, null)]
    [InlineData("0123 4567", DialledIn.HongKong, null)]
    [InlineData("+44 20 7946 0958", DialledIn.HongKong, "+442079460958")]
    [InlineData("+0123456789", DialledIn.HongKong, null)]
    [InlineData("call me", DialledIn.HongKong, null)]
    [InlineData("", DialledIn.HongKong, null)]
    [InlineData("+", DialledIn.HongKong, null)]
    public void A_telephone_number_has_one_form_or_a_reason(string text, DialledIn place, string? expected)
    {
        var contact = ContactPoint.Phone(text, place);

        Assert.Equal(expected, contact.Value);
        Assert.Equal(expected is null, contact.Reason is not null);
    }

    [Theory]
    [InlineData(" Amy.Chan@Example.COM ", "amy.chan@example.com")]
    [InlineData("ａｍｙ＠example.com", "amy@example.com")]
    [InlineData("amy@example", null)]
    [InlineData("amy@@example.com", null)]
    [InlineData("amy chan@example.com", null)]
    [InlineData("@example.com", null)]
    [InlineData("amy@.com", null)]
    [InlineData("amy@-example.com", null)]
    public void An_email_address_has_one_form_or_a_reason(string text, string? expected)
    {
        var contact = ContactPoint.Email(text);

        Assert.Equal(expected, contact.Value);
        Assert.Equal(expected is null, contact.Reason is not null);
    }

    [Fact]
    public void The_normal_form_of_a_normal_form_is_itself_wherever_it_is_dialled()
    {
        var texts = from digits in Gen.Choose(0, 99_999_999) from before in Gen.Elements("", "+852", "00853", "+886", "0", "+1") select before + digits;

        Prop.ForAll(texts.ToArbitrary(), Gen.Elements(Enum.GetValues<DialledIn>()).ToArbitrary(), (text, place) =>
        {
            if (ContactPoint.Phone(text, place).Value is { } normal)
            {
                Assert.All(Enum.GetValues<DialledIn>(), other => Assert.Equal(normal, ContactPoint.Phone(normal, other).Value));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }
}
