using System.Text.Json;
using System.Text.Json.Nodes;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Loyalty.Programs;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Library;

/// <summary>
/// A version of a programme as one text, for carrying it from one store to another: the sandbox tries it, production activates the same text, and the ledger entries of both name the same hash. A text that was
/// changed on the way is refused.
/// </summary>
public static class ProgramDocument
{
    /// <summary>The value of "$schema" by which a version says what it is.</summary>
    public const string Schema = "crm/programme-version/1";

    private const string Beginning = "beginning";

    /// <summary>Writes a version.</summary>
    public static string Write(Definition<LoyaltyProgram> definition) => Node(definition).ToJsonString();

    /// <summary>Reads a version.</summary>
    /// <param name="json">The text that <see cref="Write"/> wrote.</param>
    /// <param name="code">What the host has in code that the programme names; null: nothing.</param>
    /// <exception cref="InvalidLoyaltyProgramException">It is no such text, something is wrong with the programme, or it is not what was written: its hash is another. The message lists all of it.</exception>
    public static Definition<LoyaltyProgram> Read(string json, LoyaltyCode? code = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, ConditionJson.Around);
        }
        catch (JsonException wrong)
        {
            throw Wrong("", $"found a text that is not JSON ({wrong.Message}); expected a version that was exported from a library");
        }

        using (document)
        {
            return Read(document.RootElement, code);
        }
    }

    internal static JsonObject Node(Definition<LoyaltyProgram> definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return new()
        {
            ["$schema"] = Schema,
            ["version"] = definition.Version,
            ["activeFrom"] = definition.ActiveFrom == Instant.MinValue ? Beginning : InstantPattern.ExtendedIso.Format(definition.ActiveFrom),
            ["hash"] = definition.Hash.ToString(),
            ["program"] = JsonNode.Parse(LoyaltyProgramJson.Write(definition.Value), documentOptions: ConditionJson.Around),
        };
    }

    internal static Definition<LoyaltyProgram> Read(JsonElement root, LoyaltyCode? code)
    {
        var errors = new List<ProgramError>();
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("", "found no object; expected a version that was exported from a library");
        }

        var version = root.TryGetProperty("version", out var number) && number.TryGetInt32(out var whole) && whole > 0 ? whole : 0;
        if (version == 0)
        {
            errors.Add(new("version", "found no version; expected a whole number above 0"));
        }

        var from = Text(root, "activeFrom") is not { } text ? null : text == Beginning ? Instant.MinValue : InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var at } ? at : (Instant?)null;
        if (from is null)
        {
            errors.Add(new("activeFrom", $"found '{Text(root, "activeFrom")}'; expected an instant such as '2027-01-01T00:00:00Z', or '{Beginning}'"));
        }

        if (!root.TryGetProperty("program", out var program))
        {
            errors.Add(new("program", "found nothing; expected the programme"));
        }

        if (errors.Count > 0 || from is not { } activeFrom)
        {
            throw new InvalidLoyaltyProgramException(null, [.. errors]);
        }

        var definition = LoyaltyProgramJson.Read(program.GetRawText(), code ?? new LoyaltyCode()).Define(version, activeFrom);
        return Text(root, "hash") == definition.Hash.ToString() ? definition
            : throw Wrong("hash", $"found '{Text(root, "hash")}', while the programme has the hash {definition.Hash}; expected the text as it was exported, because what was tried is what is to count");
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static InvalidLoyaltyProgramException Wrong(string path, string message) => new(null, [new ProgramError(path, message)]);
}
