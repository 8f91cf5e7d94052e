using Crm.Modules;
using Crm.Segmentation.Memberships;
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
        select SegmentationState.Empty.Set(ids.Distinct().Select((id, place) => Flipped(new Standing { Segment = id }, flips[place]) with { Due = due[place] < 0 ? null : Club.Day(due[place]) }))
            with { Fingerprint = (ulong)fingerprint };

    [Fact]
    public void What_is_written_is_read_back() => Prop.ForAll(Arb.From(States), state =>
    {
        var writer = new SlotWriter();
        Codec.Write(state, writer);
        var reader = new SlotReader(writer.Written);
        Assert.Equal(state, Codec.Read(1, ref reader));
        Assert.True(reader.AtEnd);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void What_is_asked_of_the_past_is_right_or_no_longer_known() => Prop.ForAll(Arb.From(Gen.Choose(0, 40)), flips =>
    {
        var standing = Flipped(new Standing { Segment = "a" }, flips);
        for (var day = -1; day <= flips; day++)
        {
            var was = standing.WasMember(Club.Day(day));
            Assert.True(was is null ? day < flips - (2 * Standing.PastKept) : was == (day >= 0 && (day >= flips ? flips % 2 == 1 : day % 2 == 0)), $"day {day} of {flips}: {was}");
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void The_eight_latest_memberships_are_kept() => Assert.Equal(8, Flipped(new Standing { Segment = "a" }, 30).Past.Count);

    [Fact]
    public void A_membership_that_lasted_no_time_is_not_kept() =>
        Assert.False(new Standing { Segment = "a" }.Enter(Club.Opening, 1).Leave(Club.Opening).SaysSomething);

    [Fact]
    public void A_usual_state_is_small()
    {
        var state = SegmentationState.Empty.Set(Enumerable.Range(0, 10).Select(number => Flipped(new Standing { Segment = $"segment-{number}" }, 1) with { Due = Club.Day(90) }));
        var writer = new SlotWriter();
        Codec.Write(state, writer);

        Assert.InRange(writer.Written.Length, 1, 10 * 36);
    }

    // In on even days, out on odd ones.
    private static Standing Flipped(Standing standing, int times)
    {
        for (var day = 0; day < times; day++)
        {
            standing = day % 2 == 0 ? standing.Enter(Club.Day(day), 1 + (day % 3)) : standing.Leave(Club.Day(day));
        }

        return standing;
    }
}
