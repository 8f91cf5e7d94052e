using System.Net;
using System.Net.Sockets;
using Crm.Tests.Shared;
using Npgsql;

namespace Crm.Storage.Tests;

public sealed class ThrowawayServers
{
    [Fact]
    public void A_port_that_another_took_meanwhile_is_left_to_it()
    {
        using var another = new TcpListener(IPAddress.Loopback, 0);
        another.Start();
        var taken = ((IPEndPoint)another.LocalEndpoint).Port;
        var first = true;

        var server = PostgreSqlCluster.Start(durable: false, ports: () => first && !(first = false) ? taken : PostgreSqlCluster.FreePort());

        Assert.SkipWhen(server is null, "The server is not installed here.");
        Assert.NotEqual(taken, new NpgsqlConnectionStringBuilder(server).Port);
        Assert.Equal(1, PostgreSqlServer.Execute("SELECT 1", server));
    }
}
