using System.Diagnostics;
using Crm.Engine;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Stores;
using NodaTime;

namespace Crm.Tool.Import;

/// <summary>
/// Imports a file: reads all of it first, so that wrong input writes nothing, then records its events customer by customer, each in the order in which they happened, a batch at a time.
/// While one batch is committed the next is decided; no customer is in two. Stopped or killed in between, the same import again does the rest.
/// </summary>
internal static class Importer
{
    private const int BatchSize = 1_000;
    private const int AtOnce = 2;

    /// <param name="location">The store; it is made when there is none.</param>
    /// <param name="watch">Is told how far the import is.</param>
    /// <param name="cancellationToken">Stops after the batch that is being recorded.</param>
    public static async Task<ImportResult> RunAsync(ImportRequest request, StoreLocation location, IClock clock, Action<ImportProgress> watch, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var latest = clock.GetCurrentInstant() + new CrmOptions().FutureTolerance;
        var source = EventAssembler.Assemble(request.Mapping, request.File, latest, rows =>
        {
            if (rows % 10_000 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                watch(new ImportProgress(rows, 0, 0));
            }
        });
        var result = new ImportResult { Source = source, Currency = request.Mapping.Currency, DryRun = request.DryRun };
        if (request.Strict && source.Rejected.Count > 0)
        {
            throw await RefusalAsync(result, request, location, clock, cancellationToken);
        }

        result = request.DryRun
            ? await LookAsync(result, request, location, clock, cancellationToken)
            : await RecordAsync(result, request, location, clock, watch, cancellationToken);
        return result with { Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds };
    }

    private static async Task<ImportResult> RecordAsync(ImportResult result, ImportRequest request, StoreLocation location, IClock clock, Action<ImportProgress> watch, CancellationToken cancellationToken)
    {
        await using var store = await OpenedStore.OpenAsync(location, OpenMode.CreateWhenMissing, cancellationToken);
        RefuseWhenStrict(request, await CheckedAsync(result, request, store, clock, everyKey: request.Strict, cancellationToken));
        var settings = await StoreSettings.ReadOrWriteAsync(store.Documents, request.Zone, request.Mapping.Zone, clock, cancellationToken);
        await StoredPrograms.AddAsync(store, request.Programs, clock, cancellationToken);
        var engine = await store.EngineAsync(settings, clock, cancellationToken);
        var keyColumn = KeyColumn(request);
        var done = 0;
        var running = new Queue<(IReadOnlyList<SourceEvent> Batch, Task<IReadOnlyList<Recorded>> Answers)>();
        try
        {
            foreach (var batch in CustomerByCustomer(result.Source.Events))
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    result = result with { Interrupted = true };
                    break;
                }

                // A batch that has begun is finished: then what is said to be done is exactly what is committed.
                running.Enqueue((batch, Task.Run(async () => await engine.RecordAsync([.. batch.Select(each => each.Event)], RecordMode.Backfill, CancellationToken.None), CancellationToken.None)));
                if (running.Count == AtOnce)
                {
                    await TakeAsync();
                }
            }

            while (running.Count > 0)
            {
                await TakeAsync();
            }
        }
        catch
        {
            // The store is not closed under a batch that is being recorded.
            await ((Task)Task.WhenAll(running.Select(each => each.Answers))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return result;

        async Task TakeAsync()
        {
            var (batch, answers) = running.Dequeue();
            foreach (var (answer, each) in (await answers).Zip(batch))
            {
                result = result.With(answer, each, keyColumn);
            }

            done += batch.Count;
            watch(new ImportProgress(result.Source.Rows, done, result.Source.Count));
        }
    }

    // Batches of whole customers, which stand together in the source.
    private static IEnumerable<IReadOnlyList<SourceEvent>> CustomerByCustomer(IEnumerable<SourceEvent> events)
    {
        var batch = new List<SourceEvent>(BatchSize);
        foreach (var each in events)
        {
            if (batch.Count >= BatchSize && each.Event.Identity != batch[^1].Event.Identity)
            {
                yield return batch;
                batch = new List<SourceEvent>(BatchSize);
            }

            batch.Add(each);
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    // Rows are rejected, and nothing is written; the store is looked at all the same, so that what it has against the import is said with them.
    private static async Task<ToolException> RefusalAsync(ImportResult result, ImportRequest request, StoreLocation location, IClock clock, CancellationToken cancellationToken)
    {
        var wrong = new AllWrong();
        ToolException? ofStore = null;
        try
        {
            result = await LookAsync(result, request with { Strict = false }, location, clock, cancellationToken);
        }
        catch (ToolException refused)
        {
            ofStore = refused;
        }

        wrong.Check(() => RefuseWhenStrict(request, result));
        if (ofStore is not null)
        {
            wrong.Add(ofStore);
        }

        return wrong.Together();
    }

    /// <summary>Counts which keys the store has already, and which of them with other content, and writes nothing.</summary>
    private static async Task<ImportResult> LookAsync(ImportResult result, ImportRequest request, StoreLocation location, IClock clock, CancellationToken cancellationToken)
    {
        if (!await OpenedStore.ExistsAsync(location, cancellationToken))
        {
            return result;
        }

        await using var store = await OpenedStore.OpenAsync(location, OpenMode.OnlyLook, cancellationToken);
        result = await CheckedAsync(result, request, store, clock, everyKey: true, cancellationToken);
        RefuseWhenStrict(request, result);
        return result;
    }

    // Everything that can stand against the import is found before anything is written. The result says what the store has already when every key is looked for.
    private static async Task<ImportResult> CheckedAsync(ImportResult result, ImportRequest request, OpenedStore store, IClock clock, bool everyKey, CancellationToken cancellationToken)
    {
        var engine = await ImportCheck.RefuseAsync(store, request, result.Source.Events, clock, cancellationToken);
        if (!everyKey || !await store.HasCustomersAsync(cancellationToken))
        {
            return result;
        }

        foreach (var batch in result.Source.Events.Chunk(BatchSize))
        {
            var answers = await engine.FindRecordedAsync([.. batch.Select(each => each.Event)], cancellationToken);
            foreach (var (each, answer) in batch.Zip(answers))
            {
                result = answer is null ? result : result.With(answer, each, KeyColumn(request));
            }
        }

        return result;
    }

    private static void RefuseWhenStrict(ImportRequest request, ImportResult result)
    {
        var rejected = result.Rejected.OrderBy(row => row.Line).ToList();
        if (request.Strict && rejected.Count > 0)
        {
            throw ToolException.Input([$"{request.File}: {rejected.Count} rows are rejected, and --strict was given; nothing was written.", .. rejected.Select(row => row.ToString())]);
        }
    }

    private static string KeyColumn(ImportRequest request) => request.Mapping.Key.IsEmpty ? "the whole row" : string.Join(", ", request.Mapping.Key);
}

/// <summary>How far an import is.</summary>
/// <param name="Rows">Rows read.</param>
/// <param name="Done">Events recorded, or found recorded.</param>
/// <param name="Events">Events in all; 0 while the file is being read.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct ImportProgress(long Rows, int Done, int Events);
