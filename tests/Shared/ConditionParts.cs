using Crm.Conditions;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tests.Shared;

/// <summary>Parts of conditions for laws, over few values, so that what is compared often lies on a boundary.</summary>
internal static class ConditionParts
{
    /// <summary>Tests of numbers against halves from 0 on.</summary>
    /// <param name="most">How many halves there are.</param>
    public static Gen<Test> Numbers(int most) =>
        from value in Gen.Choose(0, most).Select(half => half / 2m)
        from other in Gen.Choose(0, most / 2)
        from kind in Gen.Choose(0, 6)
        select kind switch
        {
            0 => new Test.EqualTo(value),
            1 => new Test.MoreThan(value),
            2 => new Test.AtLeast(value),
            3 => new Test.LessThan(value),
            4 => new Test.AtMost(value),
            5 => new Test.Between(Math.Min(value, other), Math.Max(value, other)),
            _ => (Test)new Test.OneOf([value, other]),
        };

    /// <summary>Sequences of up to two further steps, with gaps of whole hours, steps that must not come between, and perhaps one that must not follow.</summary>
    public static Gen<Measure> Sequences(Gen<EventPattern> patterns) =>
        from steps in Gen.ListOf(
            from pattern in patterns
            from after in Gen.Elements(Duration.Zero, Duration.FromHours(1))
            from within in Gen.Elements<Duration?>(null, Duration.FromHours(2), Duration.FromHours(4))
            from without in Gen.OneOf(Gen.Constant<EventPattern?>(null), patterns.Select(pattern => (EventPattern?)pattern))
            select new Step(pattern) { After = after, Within = within, Without = without }).Resize(2)
        from lacking in Gen.OneOf(Gen.Constant<Lack?>(null), patterns.Select(pattern => (Lack?)new Lack(pattern, Duration.FromHours(2))))
        select (Measure)new Measure.Sequence([.. steps]) { Lacking = lacking };
}
