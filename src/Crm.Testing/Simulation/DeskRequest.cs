using Crm.Engine;
using Crm.Values;

namespace Crm.Testing.Simulation;

/// <summary>What a desk asks for about persons: that two be one, or that one be forgotten.</summary>
internal abstract record DeskRequest
{
    private DeskRequest()
    {
    }

    public abstract EventKey Key { get; }

    public sealed record OfMerge(MergeRequest Request) : DeskRequest
    {
        public override EventKey Key => Request.Key;
    }

    public sealed record OfErasure(EraseRequest Request) : DeskRequest
    {
        public override EventKey Key => Request.Key;
    }
}
