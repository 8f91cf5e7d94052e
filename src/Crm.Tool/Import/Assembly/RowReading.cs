using System.Globalization;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Import.Assembly;

/// <summary>What one row says, read by a mapping.</summary>
internal abstract record RowReading
{
    private RowReading()
    {
    }

    /// <summary>A part of an event.</summary>
    /// <param name="Key">The key of the event; null when the row has none of its own.</param>
    /// <param name="Rounded">Whether its total was finer than the currency.</param>
    public sealed record Used(RowMeaning Meaning, string? Key, Identity Customer, Instant Time, Money Total, bool Rounded) : RowReading
    {
        /// <summary>The article; null when the mapping has none.</summary>
        public string? Article { get; init; }

        public string? Category { get; init; }

        public decimal Quantity { get; init; }

        public string? Channel { get; init; }

        public string? Brand { get; init; }
    }

    /// <summary>A row that the mapping leaves out.</summary>
    public sealed record Ignored(string Reason) : RowReading;

    /// <summary>A row that cannot be understood.</summary>
    /// <param name="Key">The key of the event that it is a part of; null when that cannot be told, or the row has none of its own.</param>
    public sealed record Rejected(RejectedRow Row, string? Key) : RowReading;
}
