using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Makes two customers one: loads both, decides, commits both together, and decides again where somebody else was faster.</summary>
internal sealed class Merging(Kernel kernel, Recorder recorder, IClock clock, IIdSource ids)
{
    public async ValueTask<MergeResult> RunAsync(MergeRequest request, CancellationToken cancellationToken)
    {
        var store = kernel.Store as IAtomicCommits ?? throw new InvalidOperationException(
            $"The store {kernel.Store.GetType().Name} cannot write two customers at once, and a merge that is written in parts could stop between them; implement {nameof(IAtomicCommits)} on it.");
        recorder.CheckMerge(request);
        using var turns = await recorder.EnterAsync([request.Survivor, request.Retired], cancellationToken).ConfigureAwait(false);
        var happened = request.ToEvent();
        var hash = Binary.PayloadHash(happened);
        return await Attempts.UntilWrittenAsync<MergeResult>(
            kernel,
            $"The merge '{request.Key}'",
            async shortages =>
            {
                var (survivor, retired) = await LoadAsync(request, cancellationToken).ConfigureAwait(false);
                if (Known(request, hash, survivor, retired) is { } known)
                {
                    return (CommitResult.Done, known);
                }

                var now = clock.GetCurrentInstant();
                var stays = await Decision.BeginAsync(kernel, survivor, ids, cancellationToken).ConfigureAwait(false);
                var goes = await Decision.BeginAsync(kernel, retired, ids, cancellationToken).ConfigureAwait(false);
                var receipt = await stays.MergeAsync(goes, happened, hash, request.Survivor.Id is null ? request.Survivor.Identity : null, now, shortages, cancellationToken).ConfigureAwait(false);
                var last = stays.ToCommit(now) ?? throw new InvalidOperationException("Two customers were merged and there is nothing to commit.");
                return ((await kernel.CommitTogetherAsync(store, [goes.ToCommit(now, survivor), last], cancellationToken).ConfigureAwait(false)).Result, new MergeResult.Merged(receipt));
            },
            cancellationToken).ConfigureAwait(false);
    }

    // The two may be loaded at two moments. Where one shows a merge that the other does not show yet, both show it the next time.
    private async ValueTask<(CustomerSnapshot Survivor, CustomerSnapshot Retired)> LoadAsync(MergeRequest request, CancellationToken cancellationToken)
    {
        var (survivor, retired) = await LoadOnceAsync(request, cancellationToken).ConfigureAwait(false);
        return survivor.Recorded is not null == AreOne(survivor, retired)
            ? (survivor, retired)
            : await LoadOnceAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<(CustomerSnapshot Survivor, CustomerSnapshot Retired)> LoadOnceAsync(MergeRequest request, CancellationToken cancellationToken)
    {
        var both = await kernel.LoadAllAsync([request.Survivor with { Recording = request.Key }, request.Retired with { Recording = null }], cancellationToken).ConfigureAwait(false);
        return (both[0], both[1]);
    }

    private static bool AreOne(CustomerSnapshot survivor, CustomerSnapshot retired) => survivor.Customer is { } one && one == retired.Customer;

    // What needs no deciding: the merge was recorded before, or they are one by another.
    private static MergeResult? Known(MergeRequest request, UInt128 hash, CustomerSnapshot survivor, CustomerSnapshot retired)
    {
        if (survivor.Recorded is { } recorded)
        {
            return recorded.PayloadHash == hash && AreOne(survivor, retired)
                ? new MergeResult.Merged(recorded.Receipt)
                : throw new KeyReusedException(request.Key);
        }

        var problems = new List<EventProblem>();
        if (survivor.Customer is null)
        {
            problems.Add(Unknown(request, "survivor"));
        }

        if (retired.Customer is null)
        {
            problems.Add(Unknown(request, "retired customer"));
        }

        return problems.Count > 0 ? throw new InvalidEventException(problems.ToSequence())
            : AreOne(survivor, retired) && survivor.Customer is { } one ? new MergeResult.OneAlready(one)
            : null;
    }

    private static EventProblem Unknown(MergeRequest request, string which) => new(0, "unknown-customer", $"The merge '{request.Key}' names a {which} whom the store does not have; two customers with a history are expected. An identity that is nobody's is added to a customer with AlsoKnownAs.");
}
