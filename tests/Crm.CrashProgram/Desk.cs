using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.CrashProgram;

/// <summary>A desk at which customers are found to be one, while tills sell to them and the beginnings of journals are disposed of.</summary>
public static class Desk
{
    private const int Kept = 2; // hours for which journals are kept

    /// <summary>The dollars of a purchase are the last part of its key.</summary>
    public static long DollarsOf(EventKey purchase) => long.Parse(purchase.Value[(purchase.Value.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>Works for ever; see <see cref="Worker.RunAsync"/>.</summary>
    /// <param name="store">The store.</param>
    /// <param name="acks">Gets "sold KEY" and "merged SURVIVOR RETIRED" for what is answered, and "disposed ENTRIES" for each run that disposed of something.</param>
    /// <param name="life">Which life it is, from 1; part of all keys and names.</param>
    /// <param name="clock">The shop's.</param>
    /// <param name="working">Is called once work has begun.</param>
    public static Task RunAsync(ICustomerStore store, Diary acks, int life, IClock clock, Action working)
    {
        var engine = Club.Engine(store, clock, new RandomIdSource());
        return Task.WhenAll(
            Worker.ForeverAsync(async turn =>
            {
                await SellAndMergeAsync(engine, acks, life, 0, turn);
                if (turn == 3)
                {
                    working();
                }
            }),
            Worker.ForeverAsync(turn => SellAndMergeAsync(engine, acks, life, 1, turn)),
            Worker.ForeverAsync(_ => DisposeAsync(engine, acks, clock)));
    }

    /// <summary>Two new customers buy; those of two turns ago become one, and buy again by the name of the one who went. Every third turn two who were merged before become one as well.</summary>
    public static async Task SellAndMergeAsync(CrmEngine engine, Diary acks, int life, int till, int turn)
    {
        await SellAsync(engine, acks, life, till, turn, "amy");
        await SellAsync(engine, acks, life, till, turn, "ben");
        if (turn <= 2)
        {
            return;
        }

        await MergeAsync(engine, acks, Name(life, till, turn - 2, "amy"), Name(life, till, turn - 2, "ben"));
        await SellAsync(engine, acks, life, till, turn - 2, "ben", again: 1);
        if (turn % 3 == 0 && turn > 3)
        {
            await MergeAsync(engine, acks, Name(life, till, turn - 2, "ben"), Name(life, till, turn - 3, "amy"));
            await SellAsync(engine, acks, life, till, turn - 3, "amy", again: 2);
        }
    }

    /// <summary>Disposes of what counts no later than some hours ago.</summary>
    public static async Task DisposeAsync(CrmEngine engine, Diary acks, IClock clock)
    {
        var report = await engine.DisposeOfJournalAsync(new DisposalRequest(clock.GetCurrentInstant() - Duration.FromHours(Kept)));
        if (report.Entries > 0)
        {
            acks.Write($"disposed {report.Entries}");
        }
    }

    private static string Name(int life, int till, int turn, string who) => string.Create(CultureInfo.InvariantCulture, $"{who}-{life}-{till}-{turn}");

    private static async Task SellAsync(CrmEngine engine, Diary acks, int life, int till, int turn, string who, int again = 0)
    {
        var dollars = 10 + (turn % 50);
        var key = string.Create(CultureInfo.InvariantCulture, $"till:{Name(life, till, turn, who)}-{again}-{dollars}");
        await engine.RecordAsync(CustomerEvent.Purchase(key, Identity.User(Name(life, till, turn, who)), Money.Hkd(dollars)));
        acks.Write($"sold {key}");
    }

    private static async Task MergeAsync(CrmEngine engine, Diary acks, string survivor, string retired)
    {
        await engine.MergeAsync(new MergeRequest(EventKey.Parse($"desk:{survivor}+{retired}"), CustomerRef.Of(Identity.User(survivor)), CustomerRef.Of(Identity.User(retired))));
        acks.Write($"merged {survivor} {retired}");
    }
}
