using Crm.Values;

namespace Crm.Engine;

/// <summary>A customer of whom nothing can be said here, because a later release wrote the state. Whoever asks about many gets such customers apart, and the others all the same.</summary>
/// <param name="Customer">Whose state it is.</param>
/// <param name="Fault">What is said of it; its message is a sentence that names the state and the versions.</param>
public sealed record UnreadableCustomer(CustomerId Customer, UnreadableStateException Fault);
