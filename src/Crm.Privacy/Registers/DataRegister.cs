using Crm.Definitions;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Registers;

/// <summary>
/// The public record of what personal data a data user holds, for what and for how long: the union of what Schedule 3 of Cap. 486 (data user returns, a part that was never switched on; publishing is
/// voluntary) and the Nordic register description ask. A version is a value: change it with <c>with</c> and a higher version. Where a list may be absent, null means "not stated" and empty means "none".
/// </summary>
public sealed record DataRegister
{
    /// <summary>Its id, such as "tea-club".</summary>
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    public required Text Name { get; init; }

    /// <summary>From 1, counting up.</summary>
    public required int Version { get; init; }

    /// <summary>The day from which this version counts, in the data user's zone.</summary>
    public required LocalDate ValidFrom { get; init; }

    /// <summary>The version that this one replaces; null for the first.</summary>
    public int? Supersedes { get; init; }

    /// <summary>The day by which it is looked at again; null when none is set.</summary>
    public LocalDate? NextReview { get; init; }

    /// <summary>Who controls the data (資料使用者).</summary>
    public DataUser? DataUser { get; init; }

    /// <summary>To whom data access requests are made; null: not stated.</summary>
    public AccessContact? AccessContact { get; init; }

    /// <summary>The groups of people whom the data is about.</summary>
    public Sequence<DataSubjectGroup> DataSubjects { get; init; }

    /// <summary>The kinds of personal data.</summary>
    public Sequence<KindOfPersonalData> Kinds { get; init; }

    /// <summary>What the data is used for.</summary>
    public Sequence<Purpose> Purposes { get; init; }

    /// <summary>To whom it is disclosed.</summary>
    public Sequence<Disclosure>? Disclosures { get; init; }

    /// <summary>Where it goes outside Hong Kong.</summary>
    public Sequence<PlaceOutsideHongKong>? Places { get; init; }

    /// <summary>How it is protected, as the public may read it; null: not stated.</summary>
    public PublicProtectionStatement? Protection { get; init; }

    /// <summary>What a data subject may ask for and how; null: not stated.</summary>
    public RightsStatement? Rights { get; init; }

    /// <summary>The hash of its canonical JSON: what was published can be told exactly.</summary>
    public DefinitionHash Hash => DefinitionHash.Of(RegisterJson.Write(this));

    /// <summary>What is missing or wrong for a profile: first what no published register may have, then what the profile asks. Empty: the profile may be claimed.</summary>
    public Sequence<RegisterGap> Validate(RegisterProfile profile) => RegisterCheck.Gaps(this, profile).ToSequence();
}

/// <summary>Who controls the collection, holding, processing or use of the data.</summary>
/// <param name="Name">The legal name.</param>
/// <param name="Address">The address.</param>
/// <param name="Contact">How to reach them, such as a telephone number or an e-mail address.</param>
public sealed record DataUser(Text Name, Text Address, string Contact);

/// <summary>To whom data access requests (s.18) are made.</summary>
/// <param name="Who">A name or a job title.</param>
/// <param name="Address">The address.</param>
public sealed record AccessContact(Text Who, Text Address);

/// <summary>A group of data subjects.</summary>
/// <param name="Id">Such as "members".</param>
/// <param name="Text">As people say it.</param>
public sealed record DataSubjectGroup(string Id, Text Text);

/// <summary>A kind of personal data (個人資料種類): the unit of content.</summary>
public sealed record KindOfPersonalData
{
    /// <summary>Its id, such as "contact".</summary>
    public required string Id { get; init; }

    /// <summary>As people say it.</summary>
    public required Text Text { get; init; }

    /// <summary>The fields of the profile, or event kinds, that belong to it.</summary>
    public Sequence<string> Fields { get; init; }

    /// <summary>Where it comes from.</summary>
    public required Text Source { get; init; }

    /// <summary>The ids of the purposes that it is used for.</summary>
    public Sequence<string> Purposes { get; init; }

    /// <summary>Whether people must supply it.</summary>
    public Obligation Obligation { get; init; }

    /// <summary>What happens to those who do not supply it; null: nothing.</summary>
    public Text? Consequence { get; init; }

    /// <summary>How long it is kept; null: not stated.</summary>
    public Retention? Retention { get; init; }
}

/// <summary>Whether people must supply something.</summary>
public enum Obligation
{
    /// <summary>They choose.</summary>
    Voluntary,

    /// <summary>They must, to get the service.</summary>
    Obligatory,
}

/// <summary>How long a kind of data is kept.</summary>
/// <param name="Months">Calendar months after the trigger; 0: until the trigger.</param>
/// <param name="Trigger">What the time runs from, such as "the last purchase".</param>
/// <param name="Disposal">What happens then.</param>
public sealed record Retention(int Months, Text Trigger, Disposal Disposal);

/// <summary>What happens to data whose time is over.</summary>
public enum Disposal
{
    /// <summary>It is deleted.</summary>
    Erased,

    /// <summary>It is unlinked from the person; what remains tells of nobody.</summary>
    Severed,
}

/// <summary>A disclosure (披露) to a class of transferees (承轉人類別).</summary>
/// <param name="To">The class.</param>
/// <param name="Modality">Whether it happens.</param>
/// <param name="Kinds">The ids of the kinds disclosed.</param>
public sealed record Disclosure(Text To, Modality Modality, Sequence<string> Kinds)
{
    /// <summary>Whether money or other property is given for it (s.35I to 35K).</summary>
    public bool ForGain { get; init; }
}

/// <summary>How sure something is, in the three steps of Schedule 3.</summary>
public enum Modality
{
    /// <summary>It does.</summary>
    Does,

    /// <summary>It intends to.</summary>
    Intends,

    /// <summary>It may wish to.</summary>
    MayWish,
}

/// <summary>A place outside Hong Kong that data goes to.</summary>
/// <param name="Place">The place.</param>
/// <param name="Modality">Whether it goes there.</param>
/// <param name="Safeguard">What protects it there; null: not stated.</param>
public sealed record PlaceOutsideHongKong(Text Place, Modality Modality, Text? Safeguard = null);

/// <summary>How the data is protected, as the public may read it. Security details have another type, so that they cannot be published by mistake.</summary>
/// <param name="Text">The statement.</param>
public sealed record PublicProtectionStatement(Text Text);

/// <summary>What a data subject may ask for.</summary>
/// <param name="Text">The rights, and how to use them.</param>
/// <param name="Fee">What it costs; null: nothing.</param>
public sealed record RightsStatement(Text Text, Text? Fee = null);
