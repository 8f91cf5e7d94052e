using System.Globalization;
using System.Text;
using Crm.Engine;
using Crm.Modules;
using NodaTime;

namespace Crm.CrashProgram;

/// <summary>A file of lines. What the operating system has outlives the process, so a line that was written is there whatever becomes of its writer.</summary>
/// <param name="path">The file.</param>
public sealed class Diary(string path) : IDisposable
{
    private readonly FileStream file = File.Open(path, FileMode.Append, FileAccess.Write, FileShare.Read);

    public void Write(FormattableString line)
    {
        ArgumentNullException.ThrowIfNull(line);
        var bytes = Encoding.UTF8.GetBytes(line.ToString(CultureInfo.InvariantCulture) + "\n");
        lock (file)
        {
            file.Write(bytes);
            file.Flush();
        }
    }

    /// <summary>The lines of a file, but the last when its writer died within it.</summary>
    public static IEnumerable<string[]> Read(string path)
    {
        var text = File.Exists(path) ? File.ReadAllText(path) : "";
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '));
    }

    public void Dispose() => file.Dispose();
}

/// <summary>A channel that forgets nothing: it has written a message down before it says that the message is sent.</summary>
/// <param name="diary">Gets "run INSTANT" when the outbox is run, "sent CUSTOMER OCCASION INSTANT" for each message, and "fault" when the run ends with an error.</param>
/// <param name="clock">The shop's.</param>
public sealed class FileChannel(Diary diary, IClock clock) : IMessageChannel
{
    public string Name => Greeter.Channel;

    private long Now => clock.GetCurrentInstant().ToUnixTimeTicks();

    /// <summary>Runs the outbox.</summary>
    public async Task PumpAsync(CrmEngine engine, int most)
    {
        ArgumentNullException.ThrowIfNull(engine);
        diary.Write($"run {Now}");
        try
        {
            await engine.PumpAsync(most);
        }
        catch
        {
            diary.Write($"fault");
            throw;
        }
    }

    public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        diary.Write($"sent {customer.Customer} {message.Occasion} {Now}");
        return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
    }
}
