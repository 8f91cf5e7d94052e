using System.Globalization;
using BenchmarkDotNet.Running;
using Crm.Benchmarks;

if (args is ["postgresql", .. var rest])
{
    await PostgreSqlSpeed.RunAsync(rest is [var seconds, ..] ? double.Parse(seconds, CultureInfo.InvariantCulture) : 3, [.. rest.Skip(1)]);
    return;
}

if (args is ["audience", .. var count])
{
    await AudienceRounds.RunAsync(count is [var customers] ? int.Parse(customers, CultureInfo.InvariantCulture) : 1_000_000);
    return;
}

if (args is ["purchases", .. var turns])
{
    PurchaseRounds.Run(turns is [var rounds, ..] ? int.Parse(rounds, CultureInfo.InvariantCulture) : 60, [.. turns.Skip(1)]);
    return;
}

if (args is ["certify"])
{
    await CertifyRounds.RunAsync();
    return;
}

if (args is ["refunds"])
{
    await RefundRounds.RunAsync();
    return;
}

if (args is ["columns"])
{
    ColumnRounds.Run();
    return;
}

if (args is ["rules"])
{
    RuleRounds.Run();
    return;
}

if (args is ["segments", "new", .. var shop])
{
    await NewSegmentRounds.RunAsync(shop is [var size, ..] ? int.Parse(size, CultureInfo.InvariantCulture) : 20_000, shop is [_, var file, ..] ? file : null, [.. shop.Skip(2)]);
    return;
}

if (args is ["segments", .. var some])
{
    await SegmentRounds.RunAsync(some);
    return;
}

if (args is ["simulate", .. var parts])
{
    await SimulationRounds.RunAsync([.. parts]);
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
