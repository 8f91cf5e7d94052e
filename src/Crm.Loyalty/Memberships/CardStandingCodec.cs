using Crm.Loyalty.Stamps;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Writes and reads standings on stamp cards. Before version 6 of the state a card was counts alone, and before version 13 it was not kept what was put on it.</summary>
internal static class CardStandingCodec
{
    public static void Write(CardStanding card, SlotWriter writer)
    {
        writer.Text(card.Card);
        writer.Whole(card.Stamps);
        writer.Whole(card.Completed);
        writer.Whole(card.Used);
        writer.Whole(card.Goal);
        writer.Whole(card.Opened);

        // Most cards have none of these.
        writer.Whole((card.Waits ? 1 : 0) + (card.Expires is null ? 0 : 2) + (card.Each.IsEmpty ? 0 : 4) + (card.Recent.IsEmpty ? 0 : 8) + (card.Peak == 0 ? 0 : 16) + (card.Past is null ? 0 : 32) + (card.Ahead.IsEmpty ? 0 : 64));
        if (card.Expires is { } expires)
        {
            writer.Instant(expires);
        }

        if (!card.Each.IsEmpty)
        {
            writer.Whole(card.Each.Count);
            foreach (var lot in card.Each)
            {
                writer.Instant(lot.Expiry);
                writer.Whole(lot.Amount);
            }
        }

        if (!card.Recent.IsEmpty)
        {
            writer.Whole(card.Recent.Count);
            foreach (var time in card.Recent)
            {
                writer.Instant(time.At);
                writer.Whole(time.Stamps);
            }
        }

        if (card.Peak != 0)
        {
            writer.Whole(card.Peak);
        }

        if (card.Past is { } past)
        {
            Write(past.From, writer);
            writer.Whole(past.Marks.Count);
            foreach (var mark in past.Marks)
            {
                writer.Text(mark.Key);
                writer.Instant(mark.At);
                writer.Whole(mark.Stamps);
                writer.Flag(mark.Opens);
            }
        }

        if (!card.Ahead.IsEmpty)
        {
            writer.Whole(card.Ahead.Count);
            foreach (var place in card.Ahead)
            {
                writer.Whole(place.At);
                writer.Whole(place.Times);
            }
        }
    }

    public static CardStanding Read(int version, ref SlotReader reader)
    {
        var card = new CardStanding { Card = reader.Name(), Stamps = reader.Whole(), Completed = reader.Whole(), Used = reader.Whole() };
        if (version < 6)
        {
            return card with { Opened = card.Completed + (card.Stamps > 0 ? 1 : 0) };
        }

        var (goal, opened, has) = (reader.Int(), reader.Whole(), reader.Int());
        var expires = (has & 2) != 0 ? reader.Instant() : default(NodaTime.Instant?);
        var each = new Lot[(has & 4) != 0 ? reader.Int() : 0];
        for (var i = 0; i < each.Length; i++)
        {
            each[i] = new Lot(reader.InstantOrNull(), reader.Whole());
        }

        var recent = new StampTime[(has & 8) != 0 ? reader.Int() : 0];
        for (var i = 0; i < recent.Length; i++)
        {
            recent[i] = new StampTime(reader.Instant(), reader.Whole());
        }

        var peak = (has & 16) != 0 ? reader.Whole() : 0;
        var past = (has & 32) != 0 ? Past(version, ref reader) : null;
        var ahead = new PrizeAhead[(has & 64) != 0 ? reader.Int() : 0];
        for (var i = 0; i < ahead.Length; i++)
        {
            ahead[i] = new PrizeAhead(reader.Int(), reader.Whole());
        }

        return card with { Past = past, Ahead = Sequence.Given(ahead), Peak = peak, Goal = goal, Opened = opened, Waits = (has & 1) != 0, Expires = expires, Each = Sequence.Given(each), Recent = Sequence.Given(recent) };
    }

    private static CardPast Past(int version, ref SlotReader reader)
    {
        var (from, marks) = (Read(version, ref reader), new CardMark[reader.Int()]);
        for (var i = 0; i < marks.Length; i++)
        {
            marks[i] = new CardMark(reader.Code(), reader.Instant(), reader.Whole()) { Opens = reader.Flag() };
        }

        return new CardPast(from, Sequence.Given(marks));
    }
}
