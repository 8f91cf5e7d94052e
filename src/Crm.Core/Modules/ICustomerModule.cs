namespace Crm.Modules;

/// <summary>
/// A package's, or a team's own, part in deciding what an event means for a customer. Modules are synchronous and pure: the same state, stimulus and context give the
/// same outcome, with no clock, store or luck. Derive from <see cref="CustomerModule{TState}"/>.
/// </summary>
public interface ICustomerModule
{
    /// <summary>What the module is called, handles, publishes and reads.</summary>
    ModuleContract Contract { get; }

    /// <summary>Decides what a stimulus means.</summary>
    /// <param name="state">The module's state of the customer; never changed in place.</param>
    /// <param name="context">What else may be looked at. It is valid only during the call.</param>
    Outcome Handle(object state, ModuleContext context);

    /// <summary>
    /// Applies the difference of two replays to a state that equals neither, because it was decided by code or definitions that are gone.
    /// Called only when <paramref name="stored"/> differs from <paramref name="without"/>.
    /// </summary>
    /// <param name="stored">The state as it is.</param>
    /// <param name="without">What today's code gives without the change.</param>
    /// <param name="with">What today's code gives with it.</param>
    /// <returns>
    /// The stored state with the difference applied, and the facts and agenda entries that this changes; the module's other facts and entries stay as stored.
    /// Ledger entries, messages and lines for the difference are the engine's to write: those of the outcome are not read.
    /// </returns>
    Outcome.Accepted Correct(object stored, object without, object with);
}

/// <summary>A module whose state is a <typeparamref name="TState"/>.</summary>
/// <typeparam name="TState">An immutable value.</typeparam>
public abstract class CustomerModule<TState> : ICustomerModule
    where TState : class
{
    /// <inheritdoc/>
    public abstract ModuleContract Contract { get; }

    /// <inheritdoc/>
    Outcome ICustomerModule.Handle(object state, ModuleContext context) => Handle((TState)state, context);

    /// <inheritdoc/>
    Outcome.Accepted ICustomerModule.Correct(object stored, object without, object with) => Correct((TState)stored, (TState)without, (TState)with);

    /// <inheritdoc cref="ICustomerModule.Handle"/>
    protected abstract Outcome Handle(TState state, ModuleContext context);

    /// <inheritdoc cref="ICustomerModule.Correct"/>
    /// <remarks>By default the stored state is kept: what was decided by code that is gone stays as it was. A module that writes ledger entries must apply the difference instead.</remarks>
    protected virtual Outcome.Accepted Correct(TState stored, TState without, TState with) => Outcome.Nothing;
}
