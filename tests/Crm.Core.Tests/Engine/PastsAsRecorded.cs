using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The past of a module that keeps what it has done, in the order in which that was.</summary>
public sealed class PastsAsRecorded
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_had_been_handled_when_an_event_came_late_is_what_its_entry_says()
    {
        var shop = new Shop(Calls());
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        shop.Clock.Set(Day(3));
        await shop.Engine.RunDueAsync(cancellationToken: Token);

        // The worker has not come again when the news of a view arrive.
        shop.Clock.Set(Day(5));
        await shop.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "page-view", Identity = Shop.Amy, OccurredAt = Day(1) });
        await shop.RecordAsync(Histories.Purchase("till:7", 1_000) with { OccurredAt = Day(7) });

        var stored = (await shop.ReadAsync()).Slot<Notes>("calls").Lines;
        var past = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(Day(6)), Token);

        Assert.Equal(["till:1 at 0", "call 2 at 2", "web:1 at 2", "call 4 at 4", "till:7 at 7"], stored);
        Assert.Equal(stored.Take(4), past!.Customer.Slot<Notes>("calls").Lines);
    }

    private static Instant Day(int day) => Shop.Opening + Duration.FromDays(day);

    // Calls two and four days after the first purchase, and notes of everything as of when it was asked.
    private static ScriptModule Calls() => new(
        new ModuleContract { Name = "calls", Kinds = [new EventKind("page-view", EventNature.Happening) { OrderFree = true }], Handles = [EventKinds.PurchaseName, "page-view"], Codec = NotesCodec.Instance, Reversible = false },
        (notes, context) => context.Stimulus switch
        {
            Stimulus.Happened(var happened) => notes.Plus(At(happened.Key.ToString(), context)) with { Agenda = notes.Lines.IsEmpty ? [new AgendaChange("call 2", Day(2)), new AgendaChange("call 4", Day(4))] : [] },
            Stimulus.Due(var call) => notes.Plus(At(call, context)),
            _ => Outcome.Nothing,
        });

    private static string At(string what, ModuleContext context) => string.Create(CultureInfo.InvariantCulture, $"{what} at {(context.Moment.Instant - Shop.Opening).Days}");
}
