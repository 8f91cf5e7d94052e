using Crm.Values;

namespace Crm.Privacy;

/// <summary>What personal data is used for; the register publishes it, consents and messages name it.</summary>
/// <param name="Id">Lower-case letters, digits, '-' and '_', such as "marketing"; no '.', which separates channel and purpose in the names of facts.</param>
/// <param name="Text">What the customer reads.</param>
/// <param name="Use">Whether messages for it need consent.</param>
public sealed record Purpose(string Id, Text Text, PurposeUse Use)
{
    /// <summary>The id of <see cref="Service"/>.</summary>
    public const string ServiceId = "service";

    /// <summary>Serving what the customer asked for (receipts, bookings, security notices). Known without being declared; a message with any promotion in it is not for this purpose.</summary>
    public static Purpose Service { get; } = new(ServiceId, new Text("Providing the service you asked for", "提供閣下所要求的服務"), PurposeUse.Service);
}

/// <summary>What a purpose means for messages.</summary>
public enum PurposeUse
{
    /// <summary>Carrying out what the customer asked for: needs no marketing consent.</summary>
    Service,

    /// <summary>Direct marketing (Cap. 486 s.35A): needs consent for each channel.</summary>
    Marketing,

    /// <summary>Not for messages at all (accounting, statistics): no message may leave for it.</summary>
    Internal,
}
