using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>What holds of every state of a customer.</summary>
public sealed class StateLaws
{
    private static readonly ISlotCodec Codec = new SegmentationStateCodec();

    private static Gen<SegmentationState> States =>
        from ids in Gen.ListOf(Gen.Elements("a", "hk-regulars", "silent", "vip"), 4)
        from flips in Gen.ListOf(Gen.Choose(0, 25), 4)
        from due in Gen.ListOf(Gen.Choose(-3, 400), 4)
        from fingerprint in Gen.Choose(0, int.MaxValue)
        select SegmentationState.Empty.Set([.. ids.Distinct().Select((id, place) => Flipped(new Standing { Segment = id }, flips[place]) with { Due = due[place] < 0 ? null : Club.Day(due[place]) })])
            with { Fingerprint = (ulong)fingerprint };

    [Fact]
    public void What_is_written_is_read_back() => Prop.ForAll(Arb.From(States), state =>
    {
        var reader = new SlotReader(Written(state));
        Assert.Equal(state, Codec.Read(Codec.Version, ref reader));
        Assert.True(reader.AtEnd);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void What_is_read_and_changed_in_one_segment_is_written_as_if_it_had_never_been_written() => Prop.ForAll(Arb.From(States), Arb.From(Gen.Choose(0, 25)), (state, flips) =>
    {
        Standing[] change = [Flipped(new Standing { Segment = "silent" }, flips) with { Due = Club.Day(flips) }];
        var reader = new SlotReader(Written(state));
        var read = (SegmentationState)Codec.Read(Codec.Version, ref reader);

        Assert.Equal(Written(state), Written(read));
        Assert.Equal(Written(state.Set([.. change])), Written(read.Set([.. change])));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void A_segment_is_found_by_its_rank_where_its_name_finds_it() => Prop.ForAll(Arb.From(Gen.Choose(0, (1 << 20) - 1)), bits =>
    {
        var plans = new SegmentCatalog(Enumerable.Range(0, 20).Select(i => Samples.Of($"s{i}", Crm.Conditions.If.Purchases().Count().AtLeast(i)))).Plans;
        var state = SegmentationState.Empty.Set([.. plans.Segments.Where(segment => (bits >> segment.Place & 1) != 0).Select(segment => new Standing { Segment = new string(segment.Id), Due = Club.Day(segment.Place) })]);
        for (var asked = 0; asked < 2; asked++)
        {
            foreach (var segment in plans.Segments)
            {
                var place = state.PlaceOf(segment, plans);
                Assert.Equal(state.With(segment.Id), place < 0 ? null : state.At(place));
            }
        }

        Assert.Equal(state, SegmentationState.Empty with { Standings = state.Standings });
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void What_the_first_release_wrote_is_read()
    {
        var writer = new SlotWriter();
        writer.Bits(7);
        writer.Whole(1);
        writer.Text("a");
        writer.Whole(1 | 2 | 4 | (1 << 3));
        writer.Instant(Club.Day(9));
        writer.Instant(Club.Day(1));
        writer.Instant(Club.Day(2));
        writer.Whole(NodaConstants.TicksPerDay);
        writer.Whole(3);
        writer.Instant(Club.Day(5));
        writer.Whole(4);
        var reader = new SlotReader(writer.Written);
        var standing = Assert.Single(((SegmentationState)Codec.Read(1, ref reader)).Standings);

        Assert.Equal((Club.Day(9), Club.Day(1)), (standing.Due, standing.ForgottenUntil));
        Assert.Equal([new Membership(Club.Day(2), Club.Day(3), 3)], standing.Past);
        Assert.Equal(new Membership(Club.Day(5), null, 4), standing.Current);
        Assert.Equal("unknown", standing.Current?.EnteredBy.ToString());
    }

    [Fact]
    public void What_the_release_before_wrote_is_read()
    {
        var reader = new SlotReader(WrittenBefore("till:7"));
        var standings = ((SegmentationState)Codec.Read(2, ref reader)).Standings;

        Assert.Equal(["a", "b"], standings.Select(standing => standing.Segment));
        Assert.Equal((Club.Day(9), Club.Day(1)), (standings[0].Due, standings[0].ForgottenUntil));
        Assert.Equal([new Membership(Club.Day(2), Club.Day(3), 3) { EnteredBy = new(MembershipReason.Time), LeftBy = new(MembershipReason.Definition) }], standings[0].Past);
        Assert.Equal(new Membership(Club.Day(5), null, 4) { EnteredBy = new(MembershipReason.Event, new EventKey("till", "7")) }, standings[0].Current);
        Assert.Equal(new Standing { Segment = "b", Due = Club.Day(4) }, standings[1]);
        Assert.True(reader.AtEnd);
    }

    [Fact]
    public void A_damaged_cause_of_the_release_before_is_refused_when_it_is_read_with_its_segment()
    {
        var fault = Assert.Throws<FormatException>(() =>
        {
            var reader = new SlotReader(WrittenBefore("till7"));
            Codec.Read(2, ref reader);
        });
        Assert.Contains("The cause of a membership in 'a' is not the key of an event", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_damaged_of_memberships_is_refused_when_it_is_read_whichever_bit_it_is()
    {
        var written = Written(SegmentationState.Empty.Set([Flipped(new Standing { Segment = "regulars" }, 7), Flipped(new Standing { Segment = "silent" }, 2)]));
        for (var at = written.AsSpan().IndexOf("till:"u8); at < written.Length; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. written];
                damaged[at] ^= (byte)(1 << bit);
                Assert.Throws<FormatException>(() =>
                {
                    var reader = new SlotReader(damaged);
                    Codec.Read(Codec.Version, ref reader);
                });
            }
        }
    }

    [Fact]
    public void What_is_asked_of_the_past_is_right_or_no_longer_known() => Prop.ForAll(Arb.From(Gen.Choose(0, 40)), Arb.From(Gen.Elements(SegmentHistory.Intervals, SegmentHistory.Latest)), (flips, history) =>
    {
        var standing = Flipped(new Standing { Segment = "a" }, flips, history);
        for (var day = -1; day <= flips; day++)
        {
            var was = standing.WasMember(Club.Day(day));
            var mayBeForgotten = history == SegmentHistory.Latest && day < flips - (2 * Standing.LatestKept);
            Assert.True(was is null ? mayBeForgotten : was == (day >= 0 && (day >= flips ? flips % 2 == 1 : day % 2 == 0)), $"day {day} of {flips}: {was}");
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void All_memberships_are_kept_or_the_latest_where_the_segment_says_so() => Assert.Equal(
        (15, 8),
        (Flipped(new Standing { Segment = "a" }, 30).Past.Count, Flipped(new Standing { Segment = "a" }, 30, SegmentHistory.Latest).Past.Count));

    [Fact]
    public void A_membership_that_lasted_no_time_is_not_kept() =>
        Assert.False(new Standing { Segment = "a" }.Enter(Club.Opening, 1).Leave(Club.Opening).SaysSomething);

    [Fact]
    public void A_usual_state_is_small()
    {
        var state = SegmentationState.Empty.Set([.. Enumerable.Range(0, 10).Select(number => Flipped(new Standing { Segment = $"segment-{number}" }, 1) with { Due = Club.Day(90) })]);
        Assert.InRange(Written(state).Length, 1, 10 * 48);
    }

    // Version 2, in which all that a standing has followed its segment.
    private static byte[] WrittenBefore(string key)
    {
        var writer = new SlotWriter();
        writer.Bits(7);
        writer.Whole(2);
        writer.Text("a");
        writer.Whole(1 | 2 | 4 | (1 << 3));
        writer.Instant(Club.Day(9));
        writer.Instant(Club.Day(1));
        writer.Instant(Club.Day(2));
        writer.Whole(NodaConstants.TicksPerDay);
        writer.Whole(3);
        writer.Whole((long)MembershipReason.Time);
        writer.Whole((long)MembershipReason.Definition);
        writer.Whole(2 * NodaConstants.TicksPerDay);
        writer.Whole(4);
        writer.Whole((long)MembershipReason.Event);
        writer.Text(key);
        writer.Text("b");
        writer.Whole(2);
        writer.Instant(Club.Day(4));
        return writer.Written.ToArray();
    }

    private static byte[] Written(SegmentationState state)
    {
        var writer = new SlotWriter();
        Codec.Write(state, writer);
        return writer.Written.ToArray();
    }

    // In on even days, out on odd ones.
    private static Standing Flipped(Standing standing, int times, SegmentHistory history = SegmentHistory.Intervals)
    {
        for (var day = 0; day < times; day++)
        {
            var cause = day % 5 == 0 ? new MembershipCause(MembershipReason.Time) : new MembershipCause(MembershipReason.Event, new EventKey("till", $"{day}"));
            standing = day % 2 == 0 ? standing.Enter(Club.Day(day), 1 + (day % 3), cause) : standing.Leave(Club.Day(day), cause, history);
        }

        return standing;
    }
}
