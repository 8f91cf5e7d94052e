namespace Crm.Modules;

/// <summary>Encodes a module's state compactly. Every version ever written stays readable.</summary>
public interface ISlotCodec
{
    /// <summary>The version that <see cref="Write"/> writes, from 1.</summary>
    int Version { get; }

    /// <summary>
    /// The latest version that <see cref="Read"/> understands; at least <see cref="Version"/>. Where two releases run side by side, the first step of a change is a release that reads the new version
    /// and still writes the old one; once no older release runs, the next one writes the new version.
    /// </summary>
    int Newest => Version;

    /// <summary>The state of a customer whom the module has not seen.</summary>
    object Empty { get; }

    /// <summary>Writes a state. Equal states give equal bytes.</summary>
    void Write(object state, SlotWriter writer);

    /// <summary>Reads a state.</summary>
    /// <param name="version">The version it was written with, 1 to <see cref="Newest"/>.</param>
    /// <param name="reader">Its bytes.</param>
    object Read(int version, ref SlotReader reader);
}

/// <summary>A codec for a <typeparamref name="TState"/>.</summary>
/// <typeparam name="TState">The module's state.</typeparam>
public abstract class SlotCodec<TState> : ISlotCodec
    where TState : class
{
    /// <inheritdoc/>
    public abstract int Version { get; }

    /// <inheritdoc/>
    public virtual int Newest => Version;

    /// <inheritdoc cref="ISlotCodec.Empty"/>
    public abstract TState Empty { get; }

    /// <inheritdoc/>
    object ISlotCodec.Empty => Empty;

    /// <inheritdoc/>
    void ISlotCodec.Write(object state, SlotWriter writer) => Write((TState)state, writer);

    /// <inheritdoc/>
    object ISlotCodec.Read(int version, ref SlotReader reader) => Read(version, ref reader);

    /// <inheritdoc cref="ISlotCodec.Write"/>
    protected abstract void Write(TState state, SlotWriter writer);

    /// <inheritdoc cref="ISlotCodec.Read"/>
    protected abstract TState Read(int version, ref SlotReader reader);
}
