using Crm.Conditions;
using Crm.Loyalty.Library;
using Crm.Loyalty.Programs;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Library;

/// <summary>What is written of a programme is read again, however deep its conditions are.</summary>
public sealed class DeepProgrammes
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_programme_is_read_as_it_was_written() => Check(json => LoyaltyProgramJson.Read(json));

    [Fact]
    public void The_law_catches_a_reader_of_the_usual_depth() => Counterfeits.Caught(() => Check(json =>
    {
        using var _ = System.Text.Json.JsonDocument.Parse(json);
        return LoyaltyProgramJson.Read(json);
    }));

    [Fact]
    public void A_version_is_read_as_it_was_exported() => Prop.ForAll(DeepConditions.Any, condition =>
    {
        var version = Asking(condition).Define(3, Instant.FromUtc(2027, 1, 1, 0, 0));
        Assert.Equal(version.Hash, ProgramDocument.Read(ProgramDocument.Write(version)).Hash);
    }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void A_library_reads_what_it_keeps() => Prop.ForAll(DeepConditions.Any, condition => RunAsync(condition).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    private static async Task RunAsync(Condition condition)
    {
        var library = new ProgramLibrary(new InMemoryStore(), new FakeClock(Samples.Local(2026, 1, 15, 12)));
        await library.ActivateAsync(Asking(condition).Define(), "staff:1", Cancel);
        Assert.Equal([Asking(condition).Hash], (await library.RevisionsAsync(Cancel)).Select(revision => revision.Definition.Value.Hash));
    }

    private static void Check(Func<string, LoyaltyProgram> read) => Prop.ForAll(DeepConditions.Any, condition =>
    {
        var written = LoyaltyProgramJson.Write(Asking(condition));
        LoyaltyProgram? found = null;
        Assert.Null(Record.Exception(() => found = read(written)));
        Assert.Equal(written, LoyaltyProgramJson.Write(found!));
    }).Check(Config.QuickThrowOnFailure);

    private static LoyaltyProgram Asking(Condition condition) => Samples.TeaClub with { Rules = [Samples.Per(1, 10) with { Name = "base", When = condition }, Samples.TeaClub.Rules[1]] };
}
