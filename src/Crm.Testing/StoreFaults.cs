using Crm.Storage;
using Crm.Testing.Counterfeits;

namespace Crm.Testing;

/// <summary>
/// Decides when a store's connection breaks. The store under test calls <see cref="Step"/> before and after each thing that it asks of its database. Once struck, every further step fails too, as on a
/// connection that is gone, until <see cref="Heal"/>. Safe for several threads.
/// </summary>
public sealed class StoreFaults
{
    private readonly Lock gate = new();
    private int left = int.MaxValue;

    /// <summary>Whether a fault has struck since the last <see cref="Heal"/>.</summary>
    public bool Struck { get; private set; }

    /// <summary>The connection breaks at a step: 1 for the next.</summary>
    public void FailAt(int step)
    {
        lock (gate)
        {
            left = step;
            Struck = false;
        }
    }

    /// <summary>Nothing breaks any more.</summary>
    public void Heal() => FailAt(int.MaxValue);

    /// <summary>Goes a step.</summary>
    /// <exception cref="InjectedFault">The connection is broken.</exception>
    public void Step()
    {
        lock (gate)
        {
            left = left is int.MaxValue or 0 ? left : left - 1;
            if (left == 0)
            {
                Struck = true;
                throw new InjectedFault();
            }
        }
    }

    /// <summary>A memory store over which the faults come before and after each of its calls; within one there is nothing that could break.</summary>
    public ICustomerStore Around(InMemoryStore store) => new SteppingStore(store, this);
}

/// <summary>A connection was broken on purpose, to see that the store loses nothing.</summary>
public sealed class InjectedFault() : IOException("The connection was broken on purpose, by a law of storage that looks for what is half written.");
