using System.Runtime.InteropServices;
using Crm.Definitions;
using NodaTime;

namespace Crm.Modules;

/// <summary>From when on a definition decides anything.</summary>
/// <param name="Definition">The definition.</param>
/// <param name="From">The instant, included; of what counts before it the definition decides nothing, and changes nothing.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DefinitionStart(DefinitionHash Definition, Instant From);
