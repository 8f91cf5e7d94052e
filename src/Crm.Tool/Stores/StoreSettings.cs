using System.Text.Json;
using System.Text.Json.Nodes;
using Crm.Engine;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Stores;

/// <summary>What a store remembers for all commands.</summary>
/// <param name="Zone">The zone in which its days begin and end; it never changes.</param>
internal sealed record StoreSettings(DateTimeZone Zone)
{
    /// <summary>The calendars that come with the tool: the general holidays of Hong Kong, and the festivals of the lunar year, which also fall on Sundays and in other years than those gazetted.</summary>
    public static DayCalendars Calendars { get; } = new(
        HongKongHolidays.Calendar,
        new LunarDay("lunar-new-year", 1, 1),
        new LunarDay("lantern-festival", 1, 15),
        new LunarDay("birthday-of-the-buddha", 4, 8),
        new LunarDay("tuen-ng", 5, 5),
        new LunarDay("double-seventh", 7, 7),
        new LunarDay("yu-lan", 7, 15),
        new LunarDay("mid-autumn", 8, 15),
        new LunarDay("chung-yeung", 9, 9));

    /// <summary>How engines over the store decide.</summary>
    public CrmOptions Options => new() { Zone = Zone, Calendars = Calendars };

    private const string Kind = "settings";
    private const string Name = "store";

    /// <summary>The settings; null for a store that has none yet.</summary>
    public static async ValueTask<StoreSettings?> ReadAsync(IDocumentStore documents, CancellationToken cancellationToken)
    {
        if (await documents.LatestAsync(Kind, Name, cancellationToken) is not { } stored)
        {
            return null;
        }

        using var json = JsonDocument.Parse(stored.Content);
        var id = json.RootElement.TryGetProperty("zone", out var zone) ? zone.GetString() ?? "" : "";
        return new StoreSettings(DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) ?? throw ToolException.Store($"The store says that its zone is '{id}', which this release does not know; a later release of the time zone database may."));
    }

    /// <summary>The settings by which a store is read: its own or, where it has none yet and so no day either, those of UTC.</summary>
    public static async ValueTask<StoreSettings> ReadOrUtcAsync(IDocumentStore documents, CancellationToken cancellationToken) =>
        await ReadAsync(documents, cancellationToken) ?? new StoreSettings(DateTimeZone.Utc);

    /// <summary>Refuses another zone than the store's.</summary>
    /// <param name="wanted">The zone of --zone; null when it was left out.</param>
    /// <exception cref="ToolException">It is another.</exception>
    public void Refuse(DateTimeZone? wanted)
    {
        if (wanted is not null && wanted.Id != Zone.Id)
        {
            throw ToolException.Input($"--zone: the store's zone is '{Zone.Id}', not '{wanted.Id}'. The zone of a store never changes, because its days would: leave --zone out, or use another store.");
        }
    }

    /// <summary>
    /// The settings of a store, written when it has none: its zone is then the wanted one or, where nobody wants one, that of the first mapping.
    /// </summary>
    /// <param name="wanted">The zone of --zone; null when it was left out.</param>
    public static async ValueTask<StoreSettings> ReadOrWriteAsync(IDocumentStore documents, DateTimeZone? wanted, DateTimeZone ofMapping, IClock clock, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await ReadAsync(documents, cancellationToken) is { } settings)
            {
                settings.Refuse(wanted);
                return settings;
            }

            var zone = wanted ?? ofMapping;
            var content = new JsonObject { ["zone"] = zone.Id }.ToJsonString();
            if (await documents.AddAsync(new StoredDocument(Kind, Name, 1, content, clock.GetCurrentInstant()), cancellationToken))
            {
                return new StoreSettings(zone);
            }
        }
    }
}
