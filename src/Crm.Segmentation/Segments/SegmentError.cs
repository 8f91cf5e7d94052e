using Crm.Values;

namespace Crm.Segmentation.Segments;

/// <summary>Something wrong with a segment.</summary>
/// <param name="Path">Where, as the JSON form spells it, such as "where.all[1].is"; before it, where several are checked at once, the segment.</param>
/// <param name="Message">What was found and what would be right.</param>
public sealed record SegmentError(string Path, string Message)
{
    /// <summary>Place and message.</summary>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}

/// <summary>Segments cannot be used as they are written.</summary>
public sealed class InvalidSegmentException : Exception
{
    /// <summary>All that is wrong.</summary>
    public InvalidSegmentException(Sequence<SegmentError> errors)
        : base($"Segments cannot be used:{Environment.NewLine}{string.Join(Environment.NewLine, errors)}") => Errors = errors;

    /// <summary>All that is wrong.</summary>
    public Sequence<SegmentError> Errors { get; }
}
