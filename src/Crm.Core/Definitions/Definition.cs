using Crm.Values;
using NodaTime;

namespace Crm.Definitions;

/// <summary>An immutable version of something people define: a programme, a segment, a journey.</summary>
/// <typeparam name="T">What is defined; an immutable value.</typeparam>
/// <param name="Name">Its name; all versions share it.</param>
/// <param name="Version">From 1, counting up.</param>
/// <param name="ActiveFrom">From when it counts, included; the version before it counts until then.</param>
/// <param name="Value">What it says.</param>
/// <param name="Hash">The hash of its canonical form. Decisions name it.</param>
public sealed record Definition<T>(string Name, int Version, Instant ActiveFrom, T Value, DefinitionHash Hash)
    where T : notnull;
