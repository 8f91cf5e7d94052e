using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Crm.Testing;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>
/// A wire to a server of PostgreSQL that is cut where it is told to: before any statement of a batch, before the sync that ends it and so commits, and before the answer that it was done. What was sent before the cut
/// has been carried out, and the server has seen that nobody is there any more, when the client hears of it. So faults strike within what the store really sends.
/// </summary>
internal sealed class FaultyWire : IDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly EndPoint server;
    private readonly StoreFaults faults;
    private int statements;
    private int answers;

    public FaultyWire(string connectionString, StoreFaults faults)
    {
        this.faults = faults;
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        server = builder.Host!.StartsWith('/') ? new UnixDomainSocketEndPoint($"{builder.Host}/.s.PGSQL.{builder.Port}") : new DnsEndPoint(builder.Host, builder.Port);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        (builder.Host, builder.Port) = ("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
        (builder.SslMode, builder.GssEncryptionMode) = (SslMode.Disable, GssEncryptionMode.Disable); // what is encrypted cannot be cut between two messages
        ConnectionString = builder.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>Leads to the server over this wire.</summary>
    public string ConnectionString { get; }

    /// <summary>How many statements have gone to the server.</summary>
    public int Statements => statements;

    /// <summary>How many round trips the server has answered.</summary>
    public int Answers => answers;

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptAsync());
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // The wire is taken down.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var connection = new Connection(client, server.AddressFamily == AddressFamily.Unix ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            client.NoDelay = true;
            await connection.Server.ConnectAsync(server);
        }
        catch (SocketException)
        {
            return;
        }

        var answering = AnswerAsync(connection);
        try
        {
            await AskAsync(connection);
        }
        catch (Exception cut) when (cut is IOException or SocketException or ObjectDisposedException)
        {
            connection.IsCut = true;
        }

        connection.HangUp();
        await answering;
    }

    /// <summary>Passes on what the client sends. Its first message, which opens the session, has no type.</summary>
    private async Task AskAsync(Connection connection)
    {
        using var from = new NetworkStream(connection.Client);
        using var to = new NetworkStream(connection.Server);
        await to.WriteAsync(await MessageAsync(from, head: 4));
        while (true)
        {
            var message = await MessageAsync(from, head: 5);
            if ((char)message[0] is 'E' or 'Q')
            {
                faults.Step();
                Interlocked.Increment(ref statements);
            }
            else if ((char)message[0] is 'S')
            {
                faults.Step();
            }

            await to.WriteAsync(message);
        }
    }

    /// <summary>Passes on what the server answers, and takes to the end what nobody is to hear any more.</summary>
    private async Task AnswerAsync(Connection connection)
    {
        using var from = new NetworkStream(connection.Server);
        using var to = new NetworkStream(connection.Client);
        try
        {
            while (true)
            {
                var message = await MessageAsync(from, head: 5);
                try
                {
                    if ((char)message[0] is 'Z' && !connection.IsCut)
                    {
                        Interlocked.Increment(ref answers);
                        faults.Step();
                    }

                    if (!connection.IsCut)
                    {
                        await to.WriteAsync(message);
                    }
                }
                catch (IOException)
                {
                    connection.IsCut = true;
                    connection.HangUp();
                }
            }
        }
        catch (Exception over) when (over is IOException or SocketException or ObjectDisposedException)
        {
            connection.Client.Dispose(); // the server has gone, and so the client may hear that the wire is cut
        }
    }

    /// <summary>A message with its head: a byte for its type, but for the first, and its length without that byte.</summary>
    private static async Task<byte[]> MessageAsync(NetworkStream from, int head)
    {
        var start = new byte[head];
        await from.ReadExactlyAsync(start);
        var message = new byte[head - 4 + BinaryPrimitives.ReadInt32BigEndian(start.AsSpan(head - 4))];
        start.CopyTo(message, 0);
        await from.ReadExactlyAsync(message.AsMemory(head));
        return message;
    }

    private sealed class Connection(Socket client, Socket server) : IDisposable
    {
        private volatile bool cut;

        public Socket Client => client;

        public Socket Server => server;

        public bool IsCut
        {
            get => cut;
            set => cut = value;
        }

        /// <summary>Lets the server know that nothing more comes; it ends what is open and closes its side.</summary>
        public void HangUp()
        {
            try
            {
                server.Shutdown(SocketShutdown.Send);
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                // It closed its side first.
            }
        }

        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
        }
    }
}
