using Crm.Events;
using Crm.Modules;
using Crm.Privacy.Consents;
using Crm.Values;

namespace Crm.Privacy;

/// <summary>
/// Privacy as a module: what a customer says about being contacted becomes consents with their evidence and the facts "consent.&lt;channel&gt;.&lt;purpose&gt;" that other modules and conditions read, and "consent.&lt;channel&gt;.&lt;purpose&gt;.&lt;brand&gt;" where a customer answers for one brand.
/// Purposes that nobody declared are refused before recording.
/// </summary>
public sealed class PrivacyModule : CustomerModule<PrivacyState>, IEventValidator
{
    /// <summary>"privacy", the module's name.</summary>
    public const string ModuleName = "privacy";

    private readonly PurposeCatalog purposes;

    /// <summary>Privacy with these purposes.</summary>
    public PrivacyModule(PurposeCatalog purposes)
    {
        ArgumentNullException.ThrowIfNull(purposes);
        this.purposes = purposes;
        Contract = new ModuleContract
        {
            Name = ModuleName,
            Codec = new PrivacyStateCodec(),
            Kinds = ConsentEvents.Kinds,
            Handles = [.. ConsentEvents.Kinds.Select(kind => kind.Name), EventKinds.ErasedName],
            Publishes = [new FactDeclaration("consent.*", Queryable: true)],
        };
    }

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <inheritdoc/>
    public IEnumerable<EventFault> Check(CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (ConsentEvents.AnswerOf(happened.Kind) is not { } answer)
        {
            yield break;
        }

        if (happened.Fields[ConsentEvents.ChannelField].AsCode is { } channel && !PurposeCatalog.IsId(channel))
        {
            yield return new("bad-channel", $"is about the channel '{channel}'; lower-case letters, digits, '-' and '_' are expected, such as 'email'.");
        }

        if (happened.Brand is { } brand && !PurposeCatalog.IsId(brand))
        {
            yield return new("bad-brand", $"is about the brand '{brand}'; lower-case letters, digits, '-' and '_' are expected, such as 'tea'.");
        }

        if (happened.Fields[ConsentEvents.PurposeField].AsCode is { } id)
        {
            if (purposes.Find(id) is not { } purpose)
            {
                var nearest = Names.Nearest(id, purposes.Ids);
                yield return new("unknown-purpose", $"names the purpose '{id}', which nobody declares.{(nearest is null ? "" : $" Did you mean '{nearest}'?")} There are: {string.Join(", ", purposes.Ids)}.");
            }
            else if (answer == ConsentAnswer.Given && purpose.Use == PurposeUse.Internal)
            {
                yield return new("purpose-without-messages", $"gives consent to messages for '{id}', which is declared as a purpose without messages.");
            }
        }

        if (happened.Fields[ConsentEvents.MethodField].AsCode is { } method && !ConsentMethods.All.Contains(method))
        {
            yield return new("unknown-method", $"was answered by the method '{method}'; one of {string.Join(", ", ConsentMethods.All)} is expected.");
        }
    }

    /// <inheritdoc/>
    protected override Outcome Handle(PrivacyState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        return context.Stimulus switch
        {
            Stimulus.Happened { Event.Kind: EventKinds.ErasedName } => Forgotten(state),
            Stimulus.Happened { Event: var happened } when ConsentEvents.AnswerOf(happened.Kind) is { } answer => Answered(state, happened, answer, context.Moment),
            _ => Outcome.Nothing,
        };
    }

    /// <inheritdoc/>
    /// <remarks>Consents that the change of history changes are taken over; what was decided by code that is gone stays.</remarks>
    protected override Outcome.Accepted Correct(PrivacyState stored, PrivacyState without, PrivacyState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        var changed = with.Consents.Where(consent => without.Find(consent.Channel, consent.Purpose, consent.Brand) != consent);
        var gone = without.Consents.Where(consent => with.Find(consent.Channel, consent.Purpose, consent.Brand) is null);
        return Become(changed.Aggregate(gone.Aggregate(stored, (state, consent) => state.Without(consent)), (state, consent) => state.With(consent)), stored);
    }

    /// <inheritdoc/>
    /// <remarks>The stricter of what both have said counts; who has said nothing takes nothing away.</remarks>
    protected override Outcome.Accepted? Merge(PrivacyState survivor, PrivacyState retired, ModuleContext context) => Become(PrivacyState.Stricter(survivor, retired), survivor);

    private static Outcome.Accepted Become(PrivacyState state, PrivacyState before) => new() { State = state, Facts = state.ChangesFrom(before) };

    // Who is not known any more has said nothing, and whoever has said nothing is not written to. An opt-out by address outlives it.
    private static Outcome.Accepted Forgotten(PrivacyState state) => Become(PrivacyState.Empty, state);

    private Outcome.Accepted Answered(PrivacyState state, CustomerEvent happened, ConsentAnswer answer, Moment moment)
    {
        var channel = happened.Fields[ConsentEvents.ChannelField].AsCode ?? "";
        var purpose = happened.Fields[ConsentEvents.PurposeField].AsCode ?? "";
        var evidence = new ConsentEvidence(happened.Key, moment.Instant)
        {
            Notice = happened.Fields[ConsentEvents.NoticeField].AsCode,
            ShownAt = happened.Fields[ConsentEvents.ShownAtField].AsInstant,
            Method = happened.Fields[ConsentEvents.MethodField].AsCode,
            Actor = happened.Actor,
            Reference = happened.Fields[ConsentEvents.EvidenceField].AsCode,
            ValidUntil = happened.Fields[ConsentEvents.ValidUntilField].AsInstant,
        };
        var consent = state.Answered(channel, purpose, happened.Brand, answer, evidence);
        var text = purposes.Find(purpose)?.Text ?? new Text(purpose, purpose);
        return Become(state.With(consent), state) with
        {
            Lines = [new ReceiptLine(ModuleName, ConsentTexts.CodeOf(consent.State)) { Subject = consent.Subject, Text = ConsentTexts.Sentence(consent, text) }],
        };
    }
}
