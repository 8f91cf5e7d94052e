using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Privacy.Registers;

/// <summary>Registers as JSON. Reading is strict; writing is canonical, so that its hash names the content.</summary>
public static class RegisterJson
{
    private static readonly JsonWriterOptions Layout = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>The canonical JSON: properties in a fixed order, what is absent left out.</summary>
    public static string Write(DataRegister register)
    {
        ArgumentNullException.ThrowIfNull(register);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Layout))
        {
            new RegisterWriter(writer).Write(register);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Reads a register. Whether it may be published is <see cref="DataRegister.Validate"/>'s to say.</summary>
    /// <exception cref="FormatException">The text is no register; the message lists everything that is wrong, each with its path.</exception>
    public static DataRegister Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var errors = new List<string>();
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            var register = ReadRegister(new RegisterReader(document.RootElement, "$", errors));
            return errors.Count == 0 ? register : throw new FormatException(string.Join(Environment.NewLine, errors));
        }
        catch (JsonException wrong)
        {
            throw new FormatException($"The register is not JSON: {wrong.Message}", wrong);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException || (wrong is ArgumentException && StorableText.FaultOf(json) is not null))
        {
            throw new FormatException("A text of the register has half a character (a lone surrogate) in it.", wrong);
        }
    }

    private static DataRegister ReadRegister(RegisterReader json)
    {
        json.Only("id", "name", "version", "validFrom", "supersedes", "nextReview", "dataUser", "accessContact", "dataSubjects", "kinds", "purposes", "disclosures", "places", "protection", "rights");
        return new DataRegister
        {
            Id = json.Code("id"),
            Name = json.Text("name"),
            Version = json.Whole("version") ?? 0,
            ValidFrom = json.Date("validFrom", required: true) ?? default,
            Supersedes = json.Has("supersedes") ? json.Whole("supersedes") : null,
            NextReview = json.Date("nextReview", required: false),
            DataUser = json.Part("dataUser", "name", "address", "contact") is { } user ? new DataUser(user.Text("name"), user.Text("address"), user.Code("contact")) : null,
            AccessContact = json.Part("accessContact", "who", "address") is { } contact ? new AccessContact(contact.Text("who"), contact.Text("address")) : null,
            DataSubjects = json.List("dataSubjects", item => new DataSubjectGroup(item.Code("id"), item.Text("text")), "id", "text") ?? [],
            Kinds = json.List("kinds", ReadKind, "id", "text", "fields", "source", "purposes", "obligation", "consequence", "retention") ?? [],
            Purposes = json.List("purposes", item => new Purpose(item.Code("id"), item.Text("text"), item.OneOf<PurposeUse>("use")), "id", "text", "use") ?? [],
            Disclosures = json.List("disclosures", item => new Disclosure(item.Text("to"), item.OneOf<Modality>("modality"), item.Codes("kinds")) { ForGain = item.Flag("forGain") }, "to", "modality", "kinds", "forGain"),
            Places = json.List("places", item => new PlaceOutsideHongKong(item.Text("place"), item.OneOf<Modality>("modality"), item.TextOrNull("safeguard")), "place", "modality", "safeguard"),
            Protection = json.TextOrNull("protection") is { } protection ? new PublicProtectionStatement(protection) : null,
            Rights = json.Part("rights", "text", "fee") is { } rights ? new RightsStatement(rights.Text("text"), rights.TextOrNull("fee")) : null,
        };
    }

    private static KindOfPersonalData ReadKind(RegisterReader json) => new()
    {
        Id = json.Code("id"),
        Text = json.Text("text"),
        Fields = json.Codes("fields"),
        Source = json.Text("source"),
        Purposes = json.Codes("purposes"),
        Obligation = json.OneOf<Obligation>("obligation"),
        Consequence = json.TextOrNull("consequence"),
        Retention = json.Part("retention", "months", "trigger", "disposal") is { } retention
            ? new Retention(retention.Whole("months") ?? 0, retention.Text("trigger"), retention.OneOf<Disposal>("disposal"))
            : null,
    };

    internal static string Format(LocalDate date) => LocalDatePattern.Iso.Format(date);
}
