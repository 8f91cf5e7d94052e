using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Experiments;

/// <summary>
/// People in arms, so that what a message brings can be told from what would have come anyway. Who is in which arm follows from the experiment's id and the customer's id alone: no name, label, order, instant or
/// version moves anybody, and two experiments have nothing to do with each other. Therefore arms and shares never change under an id: changed ones are another experiment, and a plan that says otherwise is refused.
/// </summary>
/// <param name="Id">The name by which people are spread; two journeys with the same id have the same people in the same arms.</param>
/// <param name="Arms">Two or more.</param>
public sealed record Experiment(string Id, Sequence<Arm> Arms)
{
    /// <summary>
    /// From when on people count, included. Before it nobody is exposed and nobody is held out, so that a refund of an old purchase, an event that comes late or imported history puts nobody into an arm at what was sent before there was the experiment.
    /// Never changed under an id, and never put before the day on which the experiment was added.
    /// </summary>
    public required Instant From { get; init; }

    /// <summary>What people call it; may change at any time.</summary>
    public Text? Label { get; init; }

    /// <summary>The arm that the two ids give. Whoever was merged may be in another: see <see cref="Exposure"/>.</summary>
    public Arm ArmOf(CustomerId customer)
    {
        var all = Arms.Sum(arm => (long)arm.Share);
        var place = (long)Math.BigMul(Spread(Id, customer), (ulong)all, out _);

        // Each arm has the places behind those of the arms whose names come before, whatever the order in which they are written.
        foreach (var arm in Arms)
        {
            var first = 0L;
            foreach (var other in Arms)
            {
                first += string.CompareOrdinal(other.Name, arm.Name) < 0 ? other.Share : 0;
            }

            if (first <= place && place < first + arm.Share)
            {
                return arm;
            }
        }

        throw new InvalidOperationException($"The experiment '{Id}' has no arms with shares; a plan refuses it.");
    }

    /// <summary>The arm of a name; null where there is none.</summary>
    internal Arm? Named(string name) => Arms.FirstOrDefault(arm => arm.Name == name);

    /// <summary>Whether another one spreads people alike: same id, same beginning, and the same arms whatever their order, labels and templates.</summary>
    internal bool SpreadsLike(Experiment other) => Id == other.Id && From == other.From && Shares(this).SequenceEqual(Shares(other));

    private static IEnumerable<(string, int, bool)> Shares(Experiment experiment) => experiment.Arms.Select(arm => (arm.Name, arm.Share, arm.HoldsOut)).Order();

    // The first 64 bits of SHA-256 over the salt, a zero and the customer: part of what is stored, and never changed.
    private static ulong Spread(string salt, CustomerId customer)
    {
        var length = Encoding.UTF8.GetByteCount(salt);
        Span<byte> text = stackalloc byte[length + 17];
        Encoding.UTF8.GetBytes(salt, text);
        text[length] = 0;
        BinaryPrimitives.WriteUInt128BigEndian(text[(length + 1)..], customer.Value);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}

/// <summary>One of the groups that people are spread over.</summary>
/// <param name="Name">Its name within the experiment.</param>
/// <param name="Share">How many parts of all shares together it has; 1 to 1,000,000.</param>
public sealed record Arm(string Name, int Share)
{
    /// <summary>Whether whoever is in it gets no message of the journey, so that the others can be compared with them.</summary>
    public bool HoldsOut { get; init; }

    /// <summary>The template that is sent instead of the journey's; null: the journey's.</summary>
    public string? Template { get; init; }

    /// <summary>What people call it; may change at any time.</summary>
    public Text? Label { get; init; }
}
