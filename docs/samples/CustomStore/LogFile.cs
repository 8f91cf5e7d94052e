using System.Security.Cryptography;

namespace CustomStore;

/// <summary>
/// A file that only grows. A record is its length, the hash of its content, and the content: one that a crash cut short is no record, and the next writer cuts it off.
/// Several may have it open, in this process or in others; a lock file lets one of them write at a time.
/// </summary>
/// <param name="durable">Whether a record is on the disk before it is answered. Without it, a loss of power may take the last ones.</param>
public sealed class LogFile(string path, bool durable) : IDisposable
{
    private readonly FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    /// <summary>The records that were added since the last look, by whomever.</summary>
    public IEnumerable<byte[]> Next()
    {
        for (var head = new byte[4 + SHA256.HashSizeInBytes]; file.Length - file.Position >= head.Length;)
        {
            var start = file.Position;
            file.ReadExactly(head);
            var length = BitConverter.ToInt32(head);
            var content = new byte[length >= 0 && length <= file.Length - file.Position ? length : 0];
            file.ReadExactly(content);
            if (!SHA256.HashData(content).AsSpan().SequenceEqual(head.AsSpan(4)))
            {
                file.Position = start;
                yield break;
            }

            yield return content;
        }
    }

    /// <summary>Adds a record. Whoever calls it holds the lock, and has seen every record before.</summary>
    public void Add(byte[] content)
    {
        var start = file.Position;
        file.SetLength(start); // what a crash left behind goes
        file.Write([.. BitConverter.GetBytes(content.Length), .. SHA256.HashData(content), .. content]);
        file.Flush(durable);
        file.Position = start; // what was written is taken like everybody's
    }

    /// <summary>Waits until nobody else writes. Disposing lets the next one.</summary>
    public async Task<IDisposable> LockAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(1, cancellationToken);
            }
        }
    }

    public void Dispose() => file.Dispose();
}
