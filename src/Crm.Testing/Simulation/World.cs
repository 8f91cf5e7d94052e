using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>
/// One simulated world: tills, hosts with real engines, a database with its disk, clocks. It goes on step by step on one thread, and nothing in it depends on anything but its seed. When its steps are used up, faults
/// stop, what is on its way arrives, and everything must come to rest.
/// </summary>
internal sealed class World
{
    private const int MostInHand = 6;
    private const int MostOnTheWay = 40;
    private const int MostAtDesk = 6;
    private const int StepsToRest = 50_000;

    // Some days of rounds: what has not left by then never will.
    private const int MostRounds = 900;

    private readonly SimulatedScenario scenario;
    private readonly Func<IEnumerable<Modules.ICustomerModule>> modules;
    private readonly SimulatedDisk disk;
    private readonly SimulatedHost[] hosts;
    private readonly List<SimulatedRequest> requests = [];
    private readonly List<Delivery> onTheWay = [];
    private readonly List<Delivery> answered = [];
    private readonly List<DeskRequest> wanted = [];
    private readonly List<DeskRequest> granted = [];
    private readonly List<CustomerId> met = [];
    private readonly List<EventKey>[] sent;
    private readonly Identity?[] names;
    private readonly bool erasesJournals;
    private readonly Action<string>? trace;
    private readonly long[] counts = new long[Enum.GetValues<SimulatedOperation>().Length];
    private InvariantBroken? broken;
    private bool faulty = true;
    private int numbered;
    private int rested;

    /// <param name="seed">Decides everything.</param>
    /// <param name="setting">What is simulated.</param>
    /// <param name="trace">Told of each step; null: nobody is.</param>
    public World(ulong seed, SimulationSetting setting, Action<string>? trace = null)
    {
        Luck = new Luck(seed);
        scenario = setting.Scenario;
        modules = setting.Modules ?? scenario.Modules;
        this.trace = trace;
        disk = new SimulatedDisk(scenario.Quotas, setting.Disk);
        Auditor = new Auditor(disk, scenario);
        // In one world of eight a few customers have long histories, in the others many have short ones.
        sent = [.. Enumerable.Range(0, Luck.Chance(125) ? 5 + Luck.Below(20) : 60 + Luck.Below(120)).Select(_ => new List<EventKey>())];
        names = new Identity?[sent.Length];
        // In one world of two, all that was given can be taken back.
        erasesJournals = Luck.Chance(500);

        // Some days before a clock change, of which there are two a year.
        Now = (Luck.Chance(500) ? NodaTime.Instant.FromUtc(2026, 2, 25, 5, 0) : NodaTime.Instant.FromUtc(2026, 10, 20, 4, 0)) + Duration.FromMinutes(Luck.Below(20_000));
        Remembers = Luck.Chance(500);
        hosts = [.. Enumerable.Range(0, 2 + Luck.Below(3)).Select(number => new SimulatedHost(this, number))];
        foreach (var host in hosts)
        {
            host.Start(scenario, modules(), Luck.Chance(500));
        }
    }

    public Luck Luck { get; }

    public Auditor Auditor { get; }

    /// <summary>Whether hosts remember customers, each some of them.</summary>
    public bool Remembers { get; }

    /// <summary>The true time.</summary>
    public Instant Now { get; private set; }

    /// <summary>How many steps there were, by what they were.</summary>
    public IReadOnlyList<long> Counts => counts;

    public long Steps { get; private set; }

    /// <summary>A number made of all that has happened: two runs that differ anywhere have others.</summary>
    public ulong Digest { get; private set; }

    /// <summary>Lives through a number of steps and then comes to rest.</summary>
    /// <exception cref="InvariantBroken">Something that must hold does not.</exception>
    public void Live(long steps)
    {
        while (Steps < steps)
        {
            Step();
        }

        faulty = false;
        Array.ForEach(hosts, host => host.Clock.Skew = Duration.Zero);
        for (var left = StepsToRest; !Rest(); left--)
        {
            if (left == 0)
            {
                throw new InvariantBroken(Invariants.ComesToRest, $"after {StepsToRest} steps without a fault {requests.Count} requests, {onTheWay.Count} events and {hosts.Sum(host => host.Working)} workers are still busy");
            }
        }

        ThrowIfBroken();
        Auditor.EndAsync().GetAwaiter().GetResult();
    }

    /// <summary>A request of a host, carried out and answered by later steps.</summary>
    public ValueTask<T> Ask<T>(int host, Func<SimulatedDisk, T> work)
    {
        var request = new DatabaseRequest<T>(host, disk, work);
        requests.Add(request);
        return request.Answered;
    }

    /// <summary>A wait of a host that ends by a later step.</summary>
    public Task<T> WaitFor<T>(int host, SimulatedOperation answering, Func<T> answer)
    {
        var wait = new Wait<T>(host, answering, answer);
        wait.CarryOut();
        requests.Add(wait);
        return wait.Over;
    }

    private void Step()
    {
        var chosen = Luck.Below(1000);
        if (chosen < 2)
        {
            CrashHost();
        }
        else if (chosen < 3)
        {
            CrashDatabase();
        }
        else if (chosen < 24)
        {
            PassTime();
        }
        else if (chosen < 28)
        {
            JumpClock();
        }
        else if (chosen < 50)
        {
            CallWorker(Luck.Of(hosts));
        }
        else if (chosen < 58)
        {
            LoseConnection();
        }
        else if (chosen < 62)
        {
            AskAtDesk(Luck.Of(hosts));
        }
        else if (chosen < 230 || requests.Count == 0)
        {
            HandOver();
        }
        else
        {
            GoOn();
        }
    }

    // Without faults: everything on its way arrives, then time passes until nothing is due and nothing waits to leave.
    private bool Rest()
    {
        if (requests.Count > 0)
        {
            GoOn();
            return false;
        }

        if (Array.Find(hosts, host => host.Engine is null) is { } dead)
        {
            Revive(dead);
            return false;
        }

        if (onTheWay.Count > 0)
        {
            HandOver();
            return false;
        }

        if (wanted.Count > 0)
        {
            AskAtDesk(Array.Find(hosts, host => host.WritesTogether) ?? Renewed(hosts[0]));
            return false;
        }

        switch (rested++ % 3)
        {
            case 0:
                Work(hosts[0], pump: false);
                return false;
            case 1:
                Work(hosts[0], pump: true);
                return false;
            default:
                Count(SimulatedOperation.TimePassed, "so that leases end");
                Now += Duration.FromMinutes(20);
                return rested > MostRounds || (rested > 6 && !Auditor.SomethingMustLeave);
        }
    }

    private void HandOver()
    {
        var host = Luck.Of(hosts);
        if (host.Engine is null)
        {
            Revive(host);
            return;
        }

        if (faulty && (onTheWay.Count == 0 || (onTheWay.Count < MostOnTheWay && Luck.Chance(600))))
        {
            onTheWay.Add(Invented());
        }

        if (faulty && answered.Count > 0 && Luck.Chance(100))
        {
            onTheWay.Add(Again(Luck.Of(answered)));
        }

        if (onTheWay.Count == 0 || host.InHand.Count >= MostInHand)
        {
            PassTime();
            return;
        }

        var some = new List<Delivery> { Taken() };
        while (some[0].IsForged is false && onTheWay.Count > 0 && some.Count < 5 && Luck.Chance(150))
        {
            var more = Taken();
            if (more.IsForged || some.Exists(delivery => delivery.Happened.Key == more.Happened.Key))
            {
                onTheWay.Add(more);
                break;
            }

            some.Add(more);
        }

        Count(SimulatedOperation.EventHandedOver, $"{string.Join(", ", some.Select(delivery => $"{delivery.Happened.Key} ({delivery.Happened.Kind})"))} to host {host.Number}");
        host.InHand.AddRange(some);
        Observe(RecordAsync(host, host.Engine, some));
    }

    private Delivery Taken()
    {
        var place = Luck.Below(onTheWay.Count);
        var taken = onTheWay[place];
        onTheWay[place] = onTheWay[^1];
        onTheWay.RemoveAt(onTheWay.Count - 1);
        return taken;
    }

    // A new event: now, or some time ago, or, for the till that leaves it to the engine, whenever it is recorded.
    private Delivery Invented()
    {
        var customer = Luck.Below(sent.Length);
        var key = new EventKey("pos", (++numbered).ToString(CultureInfo.InvariantCulture));
        var happened = scenario.Next(Luck, key, customer, sent.Length, sent[customer]);
        sent[customer].Add(key);
        names[customer] = happened.Identity ?? names[customer];
        return new Delivery(happened with
        {
            OccurredAt = Luck.Below(100) switch
            {
                < 15 => null,
                < 80 => Now,
                < 90 => Now - Duration.FromSeconds(Luck.Below(20_000)),
                < 97 => Now - Duration.FromMinutes(Luck.Below(8_000)),
                _ => Now - Duration.FromHours(Luck.Below(1_200)),
            },
        });
    }

    private Delivery Again(Delivery before) => Luck.Chance(200) && before.Happened.Kind == EventKinds.PurchaseName
        ? new Delivery(before.Happened with { Spend = (before.Happened.Spend ?? Money.Hkd(0)) + Money.Hkd(1), Lines = [] }, isForged: true)
        : before;

    private async Task RecordAsync(SimulatedHost host, CrmEngine engine, List<Delivery> some)
    {
        try
        {
            if (some is [var only])
            {
                Take(only, await engine.RecordAsync(only.Happened).ConfigureAwait(false));
            }
            else
            {
                var recorded = await engine.RecordAsync([.. some.Select(delivery => delivery.Happened)]).ConfigureAwait(false);
                for (var i = 0; i < some.Count; i++)
                {
                    Take(some[i], recorded[i] switch { Recorded.New(var receipt, _) => receipt, Recorded.Already(var receipt) => receipt, _ => throw new KeyReusedException(some[i].Happened.Key) });
                }
            }
        }
        catch (KeyReusedException) when (some is [{ IsForged: true }])
        {
            Mix(1);
        }
        catch (Exception fault) when (fault is SimulatedConnectionLostException or TooManyConflictsException || fault is InvalidEventException { Problems: [{ Code: "from-the-future" }, ..] })
        {
            // The till does not know what became of it, and sends it again.
            onTheWay.AddRange(some);
            Mix(2);
        }

        host.InHand.RemoveAll(some.Contains);
    }

    private void Take(Delivery delivery, Receipt receipt)
    {
        if (delivery.IsForged)
        {
            // The key is a purchase's that was answered, so it must be known.
            throw new InvariantBroken(Invariants.SameReceipt, $"'{receipt.Key}' was recorded again with other content");
        }

        Auditor.Acknowledged(receipt);
        if (!met.Contains(receipt.Customer))
        {
            met.Add(receipt.Customer);
        }

        if (answered.Count < MostOnTheWay)
        {
            answered.Add(delivery);
        }
        else
        {
            answered[Luck.Below(answered.Count)] = delivery;
        }

        Mix((ulong)receipt.Version ^ (ulong)receipt.Customer.Value);
    }

    private void AskAtDesk(SimulatedHost host)
    {
        if (host.Engine is not { } engine)
        {
            Revive(host);
            return;
        }

        if (faulty && wanted.Count < MostAtDesk && Luck.Chance(700) && Wished() is { } wish)
        {
            wanted.Add(wish);
        }

        if (faulty && granted.Count > 0 && Luck.Chance(150))
        {
            wanted.Add(Luck.Of(granted));
        }

        var suited = wanted.FindAll(request => request is DeskRequest.OfErasure || host.WritesTogether);
        if (suited.Count == 0)
        {
            HandOver();
            return;
        }

        var asked = Luck.Of(suited);
        wanted.Remove(asked);
        host.AtDesk.Add(asked);
        Count(asked is DeskRequest.OfMerge ? SimulatedOperation.MergeAsked : SimulatedOperation.ErasureAsked, $"host {host.Number}: {asked}");
        Observe(AskAsync(host, engine, asked));
    }

    // Persons are named as tills name them; who is to be forgotten, also by the id that somebody was found by once. Null: nobody has bought anything yet under the name that luck has chosen.
    private DeskRequest? Wished()
    {
        var key = new EventKey("desk", (++numbered).ToString(CultureInfo.InvariantCulture));
        if (Luck.Chance(400))
        {
            var someone = met.Count > 0 && Luck.Chance(300) ? CustomerRef.Of(Luck.Of(met)) : Named();
            return someone is null ? null : new DeskRequest.OfErasure(new EraseRequest(key, someone) { KeepJournal = !erasesJournals || Luck.Chance(300) });
        }

        return Named() is { } survivor && Named() is { } retired && survivor != retired ? new DeskRequest.OfMerge(new MergeRequest(key, survivor, retired)) : null;
    }

    private CustomerRef? Named() => Luck.Of(names) is { } name ? CustomerRef.Of(name) : null;

    private async Task AskAsync(SimulatedHost host, CrmEngine engine, DeskRequest asked)
    {
        try
        {
            await AskAsync(engine, asked).ConfigureAwait(false);
            granted.Add(asked);
        }
        catch (KeyReusedException) when (asked is DeskRequest.OfMerge && Auditor.IsDecided(asked.Key))
        {
            // Since then the names lead to two others: one of the two was forgotten.
            Mix(4);
        }
        catch (InvalidEventException fault) when (asked is DeskRequest.OfMerge && fault.Problems.All(problem => problem.Code == Recorder.UnknownCustomer))
        {
            // Nobody has come by that name yet, or nobody is known by it any more.
            Mix(5);
        }
        catch (Exception fault) when (fault is SimulatedConnectionLostException or TooManyConflictsException)
        {
            wanted.Add(asked);
            Mix(6);
        }

        host.AtDesk.Remove(asked);
    }

    private async Task AskAsync(CrmEngine engine, DeskRequest asked)
    {
        if (asked is DeskRequest.OfMerge merge)
        {
            if (await engine.MergeAsync(merge.Request).ConfigureAwait(false) is MergeResult.Merged(var receipt))
            {
                Auditor.Acknowledged(receipt);
            }
        }
        else if (asked is DeskRequest.OfErasure erasure && await engine.EraseAsync(erasure.Request).ConfigureAwait(false) is EraseResult.Erased(var customer, _))
        {
            Auditor.Acknowledged(erasure.Request, customer);
        }
    }

    private void GoOn()
    {
        var request = requests[Luck.Below(requests.Count)];
        if (request.IsAbandoned)
        {
            Count(SimulatedOperation.RequestCarriedOut, $"of host {request.Host}, which does not wait for it any more");
            requests.Remove(request);
            request.CarryOut();
        }
        else if (!request.IsCarriedOut && !request.IsBroken)
        {
            Count(SimulatedOperation.RequestCarriedOut, $"of host {request.Host}");
            request.CarryOut();
        }
        else if (!request.IsBroken && request.Durable > disk.Durable)
        {
            Sync();
        }
        else
        {
            Count(request.Answering, $"to host {request.Host}{(request.IsBroken ? ", broken" : "")}");
            if (request is { IsBroken: true, IsCarriedOut: false } && request.IsOfDatabase && Luck.Chance(300))
            {
                // It is still in the network, and arrives after its sender has given it up.
                request.IsAbandoned = true;
            }
            else
            {
                requests.Remove(request);
            }

            request.Answer();
            ThrowIfBroken();
        }
    }

    private void Sync()
    {
        if (disk.IsSyncing)
        {
            Count(SimulatedOperation.SyncEnded, null);
            disk.EndSync();
        }
        else
        {
            Count(SimulatedOperation.SyncBegun, $"up to {disk.Written}");
            disk.BeginSync();
        }
    }

    private void LoseConnection()
    {
        if (requests.Count > 0 && Luck.Of(requests) is { IsOfDatabase: true, IsBroken: false } request)
        {
            Count(SimulatedOperation.ConnectionLost, $"of host {request.Host}, {(request.IsCarriedOut ? "after" : "before")} its request was carried out");
            Break(request);
        }
        else
        {
            HandOver();
        }
    }

    // Most drivers say of most lost connections that another may be had.
    private void Break(SimulatedRequest request) => request.Break(Luck.Chance(800));

    private void CrashHost()
    {
        var host = Luck.Of(hosts);
        if (host.Engine is null)
        {
            Revive(host);
            return;
        }

        Count(SimulatedOperation.HostCrashed, $"{host.Number} with {host.InHand.Count} events in hand");
        onTheWay.AddRange(host.InHand.Where(delivery => !delivery.IsForged));
        wanted.AddRange(host.AtDesk);
        host.Crash();
        foreach (var request in requests.Where(request => request.Host == host.Number && request.IsOfDatabase && !request.IsCarriedOut && !request.IsBroken && Luck.Chance(300)))
        {
            Break(request);
            request.IsAbandoned = true;
        }

        requests.RemoveAll(request => request.Host == host.Number && !request.IsAbandoned);
    }

    private void Revive(SimulatedHost host)
    {
        Count(SimulatedOperation.HostStarted, $"{host.Number}");
        host.Start(scenario, modules(), Luck.Chance(500));
    }

    // Where no host is left that can merge, one is deployed anew; nothing is under way in it.
    private SimulatedHost Renewed(SimulatedHost host)
    {
        Count(SimulatedOperation.HostStarted, $"{host.Number}, anew");
        host.Crash();
        host.Start(scenario, modules(), writesTogether: true);
        return host;
    }

    private void CrashDatabase()
    {
        var kept = disk.Durable + Luck.Below(disk.Written - disk.Durable + 1);
        Count(SimulatedOperation.DatabaseCrashed, $"{disk.Written} records were written, {disk.Durable} durable, {kept} are left");
        disk.Crash(kept);
        requests.RemoveAll(request => request.IsAbandoned);
        foreach (var request in requests.Where(request => request.IsOfDatabase))
        {
            Break(request);
        }

        Auditor.Recovered();
    }

    private void PassTime()
    {
        var by = Luck.Below(100) switch
        {
            < 50 => Duration.FromMilliseconds(Luck.Below(90_000)),
            < 80 => Duration.FromMinutes(Luck.Below(400)),
            < 96 => Duration.FromMinutes(Luck.Below(5_000)),
            _ => Duration.FromHours(Luck.Below(300)),
        };
        Count(SimulatedOperation.TimePassed, $"{by}");
        Now += by;
    }

    private void JumpClock()
    {
        var host = Luck.Of(hosts);
        host.Clock.Skew = Luck.Below(100) switch
        {
            < 40 => Duration.Zero,
            < 70 => Duration.FromSeconds(Luck.Below(600) - 300),
            < 90 => Duration.FromMinutes(Luck.Below(300) - 150),
            _ => Duration.FromHours(Luck.Below(100) - 50),
        };
        Count(SimulatedOperation.ClockJumped, $"host {host.Number} by {host.Clock.Skew}");
    }

    private void CallWorker(SimulatedHost host)
    {
        if (host.Engine is null)
        {
            Revive(host);
        }
        else if (host.Working < 3 && Luck.Chance(20))
        {
            Count(SimulatedOperation.WorkerCalled, $"host {host.Number} disposes of journal entries");
            host.Working++;
            Observe(WorkAsync(host, host.Engine, DisposeAsync));
        }
        else if (host.Working < 3)
        {
            Work(host, pump: Luck.Chance(600));
        }
        else
        {
            HandOver();
        }
    }

    private void Work(SimulatedHost host, bool pump)
    {
        Count(SimulatedOperation.WorkerCalled, $"host {host.Number} {(pump ? "pumps" : "handles what is due")}");
        if (host.Engine is { } engine)
        {
            host.Working++;
            Observe(WorkAsync(host, engine, pump ? PumpAsync : RunDueAsync));
        }
    }

    private async Task PumpAsync(CrmEngine engine) => await engine.PumpAsync(faulty ? 1 + Luck.Below(10) : 1000).ConfigureAwait(false);

    private async Task RunDueAsync(CrmEngine engine) => await engine.RunDueAsync(faulty ? 1 + Luck.Below(10) : 1000).ConfigureAwait(false);

    // Some customers from anywhere on, up to some weeks ago: less than the most an event may be late, so that some reach back to what is gone.
    private async Task DisposeAsync(CrmEngine engine) => await engine.DisposeOfJournalAsync(new DisposalRequest(Now - Duration.FromDays(3) - Duration.FromHours(Luck.Below(1_500)))
    {
        After = new CustomerId(new UInt128(Luck.Next(), Luck.Next())),
        Most = 2,
        Held = held =>
        {
            if (held.Code == "not-verified")
            {
                throw new InvariantBroken(Invariants.JournalIsState, $"customer {held.Customer}: {held.Detail}");
            }
        },
    }).ConfigureAwait(false);

    private async Task WorkAsync(SimulatedHost host, CrmEngine engine, Func<CrmEngine, Task> work)
    {
        try
        {
            await work(engine).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SimulatedConnectionLostException or TooManyConflictsException)
        {
            Mix(3);
        }

        if (ReferenceEquals(host.Engine, engine))
        {
            host.Working--;
        }
    }

    /// <summary>A host hands a message to its channel.</summary>
    public void HandedOver(int host, string id) => broken ??= Auditor.HandedOver(host, id, hosts[host].Clock.GetCurrentInstant());

    /// <summary>Whatever a call ends with that it should not ends the world, in the step in which it does.</summary>
    public void Observe(Task call) => _ = ObserveAsync(call);

    private async Task ObserveAsync(Task call)
    {
        try
        {
            await call.ConfigureAwait(false);
        }
        catch (InvariantBroken fault)
        {
            broken ??= fault;
        }
#pragma warning disable CA1031 // Everything else is a fault of the engine, which is just what is looked for.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            broken ??= new InvariantBroken(Invariants.NothingElseIsThrown, $"{fault.GetType().Name}: {fault.Message}");
        }
    }

    private void ThrowIfBroken()
    {
        if (broken is not null)
        {
            throw broken;
        }
    }

    private void Count(SimulatedOperation operation, string? what)
    {
        ThrowIfBroken();
        Steps++;
        counts[(int)operation]++;
        Mix((ulong)operation);
        trace?.Invoke($"{Steps} {Now} {operation} {what}");
    }

    private void Mix(ulong bits) => Digest = Luck.Mix(unchecked((Digest * 31) + bits));
}
