using Microsoft.CodeAnalysis;

namespace Crm.Privacy.Analyzers;

/// <summary>What the analyzers find.</summary>
internal static class Rules
{
    private const string Category = "Privacy";

    /// <summary>CRM0001.</summary>
    public static readonly DiagnosticDescriptor ConsentInAlternatives = new(
        "CRM0001",
        "Consent in one part of an 'or'",
        "This 'or' asks for consent in {0} of its {1} parts: whoever meets another part is let through without it. Leave consent to the gate, which Audience.ForChannelAsync and every message ask, or ask for it in each part.",
        Category,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        description: "A condition over \"consent.*\" beside others in an \"or\" looks as if it kept out who has not consented, and does not (Cap. 486 s.35E: marketing needs the consent of each).");

    /// <summary>CRM0002.</summary>
    public static readonly DiagnosticDescriptor PastTheGate = new(
        "CRM0002",
        "A message is sent past the gate",
        "'{0}' hands a message to a channel itself, so nobody asks whether it may reach the customer. Have a module decide the message; the engine asks the gate and calls the channel.",
        Category,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        description: "IMessageChannel.SendAsync is called by the engine, after the gate was asked with the customer's facts of that instant. Channels that wrap channels may call it.");

    /// <summary>CRM0003.</summary>
    public static readonly DiagnosticDescriptor UnregisteredPurpose = new(
        "CRM0003",
        "A purpose that no data register has",
        "The purpose '{0}' is in no data register of the project ({1}); {2}",
        Category,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        description: "Personal data is used for declared purposes only (Cap. 486 Schedule 1, principles 3 and 5). The registers are the additional files of the project that end with \".register.json\".",
        customTags: WellKnownDiagnosticTags.CompilationEnd);
}
