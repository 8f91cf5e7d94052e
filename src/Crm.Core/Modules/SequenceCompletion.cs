using Crm.Conditions;
using Crm.Values;

namespace Crm.Modules;

/// <summary>The instants at which a sequence is complete, from samples whose values are roles of events.</summary>
internal static class SequenceCompletion
{
    /// <summary>One sample for each completion, in order.</summary>
    public static Sample[] Of(Measure.Sequence sequence, ReadOnlySpan<Sample> samples)
    {
        var reached = new bool[samples.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            reached[i] = Has(samples[i], EventFilter.StepBit(0));
        }

        for (var step = 1; step <= sequence.Then.Count; step++)
        {
            var next = new bool[samples.Length];
            for (var i = 0; i < samples.Length; i++)
            {
                next[i] = Has(samples[i], EventFilter.StepBit(step)) && Follows(sequence.Then[step - 1], step, samples, reached, i);
            }

            reached = next;
        }

        var completions = new List<Sample>();
        for (var i = 0; i < samples.Length; i++)
        {
            if (reached[i] && Completes(sequence.Lacking, samples, i) is { } at && (completions.Count == 0 || completions[^1].Ticks != at))
            {
                completions.Add(new Sample(at, 1));
            }
        }

        return [.. completions];
    }

    /// <summary>Whether a sample comes at the right distance after one that has reached the step before, with nothing forbidden between the two.</summary>
    private static bool Follows(Step step, int number, ReadOnlySpan<Sample> samples, bool[] reached, int place)
    {
        var forbiddenAt = long.MinValue;
        for (var before = place - 1; before >= 0; before--)
        {
            var gap = samples[place].Ticks - samples[before].Ticks;
            if (gap == 0)
            {
                continue;
            }

            if ((step.Within is { } within && gap > WindowMeaning.Ticks(within)) || samples[before].Ticks < forbiddenAt)
            {
                return false;
            }

            if (reached[before] && gap >= WindowMeaning.Ticks(step.After))
            {
                return true;
            }

            forbiddenAt = Has(samples[before], EventFilter.WithoutBit(number)) ? samples[before].Ticks : forbiddenAt;
        }

        return false;
    }

    private static long? Completes(Lack? lacking, ReadOnlySpan<Sample> samples, int place)
    {
        if (lacking is null)
        {
            return samples[place].Ticks;
        }

        var until = WindowMeaning.Later(samples[place].Ticks, WindowMeaning.Ticks(lacking.For));
        for (var after = place + 1; after < samples.Length && samples[after].Ticks <= until; after++)
        {
            if (samples[after].Ticks > samples[place].Ticks && Has(samples[after], EventFilter.LackingBit))
            {
                return null;
            }
        }

        return until == WindowMeaning.Never ? null : until;
    }

    private static bool Has(in Sample sample, int bit) => ((int)sample.Value.AsNumber & bit) != 0;
}
