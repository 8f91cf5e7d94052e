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

    /// <summary>
    /// Two customers turned out to be one: what they have becomes one, as a step of the survivor's history and never by deciding two histories again. Called when both have something.
    /// Afterwards the module is asked about the event <see cref="Events.EventKinds.Merged"/>, where it handles it, and can decide anew what hangs on facts and counts of both.
    /// </summary>
    /// <param name="survivor">The state of the customer who stays.</param>
    /// <param name="retired">The state of the customer who goes.</param>
    /// <param name="context">The survivor at the moment of the merge; what the kernel has counted is that of both already. The stimulus is the merge.</param>
    /// <returns>
    /// What changes for the survivor: facts and agenda entries of the retired customer are gone unless they are set anew. Units must neither get lost nor double, lot by lot; only what is moved beyond that, such as
    /// a debt that is repaid, is an entry of the outcome: what goes over is the engine's to write. Null: what the survivor has stands.
    /// </returns>
    Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => null;

    /// <summary>
    /// What the outside world has seen stands, such as the arm of an experiment that somebody was exposed to: before history is decided again, the state that the replay starts from is given what the state that is kept has of it.
    /// Both replays of a correction start so, and one that checks the books.
    /// </summary>
    /// <param name="state">The state that the replay starts from.</param>
    /// <param name="seen">The state that is kept.</param>
    /// <returns>What the replay starts from instead: its state and, due when it was seen, entries of the agenda; nothing else is read. Null: nothing is pinned.</returns>
    Outcome.Accepted? Pin(object state, object seen) => null;

    /// <summary>
    /// What the outside world has seen of a request that is taken back, and the state that is kept has forgotten: before history is decided again without the request, the state that the replay starts from is given what states on the
    /// way with it have. Called for each, only where a request is taken back.
    /// </summary>
    /// <param name="state">The state that the replay starts from, with what was pinned already.</param>
    /// <param name="passed">A state on the way.</param>
    /// <returns>As of <see cref="Pin"/>.</returns>
    Outcome.Accepted? PinPassed(object state, object passed) => null;
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

    /// <inheritdoc/>
    Outcome.Accepted? ICustomerModule.Merge(object survivor, object retired, ModuleContext context) => Merge((TState)survivor, (TState)retired, context);

    /// <inheritdoc/>
    Outcome.Accepted? ICustomerModule.Pin(object state, object seen) => Pin((TState)state, (TState)seen);

    /// <inheritdoc/>
    Outcome.Accepted? ICustomerModule.PinPassed(object state, object passed) => PinPassed((TState)state, (TState)passed);

    /// <inheritdoc cref="ICustomerModule.Handle"/>
    protected abstract Outcome Handle(TState state, ModuleContext context);

    /// <inheritdoc cref="ICustomerModule.Correct"/>
    /// <remarks>By default the stored state is kept: what was decided by code that is gone stays as it was. A module that writes ledger entries must apply the difference instead.</remarks>
    protected virtual Outcome.Accepted Correct(TState stored, TState without, TState with) => Outcome.Nothing;

    /// <inheritdoc cref="ICustomerModule.Merge"/>
    /// <remarks>By default what the survivor has stands. A module that counts, or that holds units, must add the two.</remarks>
    protected virtual Outcome.Accepted? Merge(TState survivor, TState retired, ModuleContext context) => null;

    /// <inheritdoc cref="ICustomerModule.Pin"/>
    /// <remarks>By default nothing is pinned.</remarks>
    protected virtual Outcome.Accepted? Pin(TState state, TState seen) => null;

    /// <inheritdoc cref="ICustomerModule.PinPassed"/>
    protected virtual Outcome.Accepted? PinPassed(TState state, TState passed) => null;
}
