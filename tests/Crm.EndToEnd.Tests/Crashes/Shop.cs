using System.Diagnostics;
using Crm.CrashProgram;
using Crm.Storage;
using NodaTime;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>What looks at a shop when it has been killed.</summary>
internal interface ILook
{
    /// <summary>All that is wrong after a life; nothing is written.</summary>
    Task<IReadOnlyList<string>> LookAsync(int life);

    /// <summary>All that is wrong when everything that waits has had its time, after the last life.</summary>
    Task<IReadOnlyList<string>> FinishAsync(int life);
}

/// <summary>A shop over one store that is opened and killed again and again; a look at what is left follows each of its deaths. The next process gets ready while the one before it works.</summary>
internal sealed class Shop : IDisposable
{
    public const int Lives = 10;

    private readonly string location;
    private readonly string folder;
    private readonly string work;
    private Process next;

    /// <param name="location">The store; see <see cref="Worker.Open"/>.</param>
    /// <param name="folder">Where it writes down what it does.</param>
    /// <param name="work">"shop" for the tills, "desk" for the desk.</param>
    public Shop(string location, string folder, string work)
    {
        this.location = location;
        this.folder = Directory.CreateDirectory(folder).FullName;
        this.work = work;
        next = Start(1);
    }

    /// <summary>The clock of all its lives.</summary>
    public FastClock Clock { get; } = new(SystemClock.Instance.GetCurrentInstant());

    /// <summary>Lives and dies, and in the end lets leave what waits.</summary>
    /// <param name="seen">Looks at it after each death.</param>
    /// <param name="round">Which of several shops it is; the moments of death differ.</param>
    /// <param name="before">What else happens to a working shop before it is killed: gets the number of the life.</param>
    /// <param name="after">What is waited for after each death.</param>
    /// <returns>How often it was killed.</returns>
    public async Task<int> RunAsync(ILook seen, int round, Func<int, Task> before, Func<Task> after)
    {
        var store = Worker.Open(location);
        await ((IQuotas)store).SetAsync(Greeter.Mugs, Aftermath.Mugs, default);
        await ((IAsyncDisposable)store).DisposeAsync();
        var kills = 0;
        for (var life = 1; life <= Lives; life++)
        {
            kills += await LiveAsync(life, Kills.Moment(round, life), before) ? 1 : 0;
            await after();
            Expect(await seen.LookAsync(life), life);
        }

        Expect(await seen.FinishAsync(Lives + 1), Lives + 1);
        return kills;

        void Expect(IReadOnlyList<string> wrong, int life) => Assert.True(wrong.Count == 0, $"In round {round}, after life {life} of CRM_KILLS_SEED={Kills.Seed}: {string.Join("; ", wrong)}");
    }

    /// <summary>One life; whether it was ended by force.</summary>
    private async Task<bool> LiveAsync(int life, int milliseconds, Func<int, Task> before)
    {
        using var child = next;
        try
        {
            Assert.Equal("ready", await child.StandardOutput.ReadLineAsync());
            await child.StandardInput.WriteLineAsync("go");
            await child.StandardInput.FlushAsync();
            next = Start(life + 1);
            if (life % 5 != 0)
            {
                Assert.Equal("working", await child.StandardOutput.ReadLineAsync()); // the others may die while they open the store
            }

            await Task.Delay(milliseconds);
            await before(life);
            Assert.False(child.HasExited, $"The shop ended by itself in life {life} of CRM_KILLS_SEED={Kills.Seed}; what it said is in the error output.");
            return true;
        }
        finally
        {
            child.Kill(); // SIGKILL: nothing in the process can clean up
            await child.WaitForExitAsync();
        }
    }

    public void Dispose()
    {
        if (!next.HasExited)
        {
            next.Kill();
        }

        next.Dispose();
    }

    // The program lies beside the tests, which reference it. It lives too shortly for code to be compiled twice.
    private Process Start(int life)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Crm.CrashProgram.dll"), location, folder, $"{life}", $"{Clock.Opened.ToUnixTimeTicks()}", work])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_TC_CallCounting"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
    }
}
