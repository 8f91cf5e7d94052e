using System.Globalization;
using NodaTime;
using NodaTime.Text;

namespace Crm.Values;

/// <summary>What kind of value a <see cref="Scalar"/> is.</summary>
public enum ScalarKind : byte
{
    /// <summary>No value.</summary>
    Missing = 0,

    /// <summary>Yes or no.</summary>
    Flag = 1,

    /// <summary>An exact decimal number.</summary>
    Number = 2,

    /// <summary>A code or short text, compared by ordinal.</summary>
    Code = 3,

    /// <summary>A calendar date.</summary>
    Date = 4,

    /// <summary>A point in time, to the tick (100 ns).</summary>
    Instant = 5,

    /// <summary>Several codes, each once, such as tags.</summary>
    Codes = 6,
}

/// <summary>One value of a field, a fact or an observation: a flag, number, code, date, instant or several codes, or missing (the default).</summary>
public readonly struct Scalar : IEquatable<Scalar>
{
    private const char Separator = ',';
    private const int AnyLeapYear = 2000;

    private readonly decimal number;

    // The code itself, or which other kind it is; null: missing. One reference for both keeps the value small, and a customer has many.
    private readonly object? codeOrKind;

    private Scalar(Tag kind, decimal number)
    {
        codeOrKind = kind;
        this.number = number;
    }

    private Scalar(string code) => codeOrKind = code;

    private Scalar(CodeList codes) => codeOrKind = codes;

    /// <summary>What kind of value it is.</summary>
    public ScalarKind Kind => codeOrKind switch
    {
        null => ScalarKind.Missing,
        Tag tag => tag.Kind,
        CodeList => ScalarKind.Codes,
        _ => ScalarKind.Code,
    };

    /// <summary>Whether there is no value.</summary>
    public bool IsMissing => codeOrKind is null;

    /// <summary>The flag; false for every other kind.</summary>
    public bool AsFlag => ReferenceEquals(codeOrKind, Tag.Flag) && number != 0;

    /// <summary>The number; 0 for every other kind.</summary>
    public decimal AsNumber => ReferenceEquals(codeOrKind, Tag.Number) ? number : 0;

    /// <summary>The code; null for every other kind.</summary>
    public string? AsCode => codeOrKind as string;

    /// <summary>The codes, in ordinal order: those of several, or the one of a code; none for every other kind.</summary>
    public Sequence<string> AsCodes => codeOrKind switch
    {
        string code => [code],
        CodeList list => list.Codes,
        _ => [],
    };

    /// <summary>The date; null for every other kind.</summary>
    public LocalDate? AsDate => ReferenceEquals(codeOrKind, Tag.Date) ? DateAt((int)number) : null;

    /// <summary>The day of the year that the number MMDD says, such as 229 for 29 February: how profiles keep birthdays without their year. Null for every other value; dates have their year.</summary>
    public AnnualDate? AsAnnualDate =>
        AsNumber is >= 101 and <= 1231 && number == decimal.Truncate(number) && Math.DivRem((int)number, 100) is var (month, day) && day >= 1 && day <= CalendarSystem.Iso.GetDaysInMonth(AnyLeapYear, month)
            ? new AnnualDate(month, day)
            : null;

    /// <summary>The instant; null for every other kind.</summary>
    public Instant? AsInstant => ReferenceEquals(codeOrKind, Tag.Instant) ? NodaTime.Instant.FromUnixTimeTicks((long)number) : null;

    /// <summary>A flag.</summary>
    public static Scalar Of(bool flag) => new(Tag.Flag, flag ? 1 : 0);

    /// <summary>A number. Trailing zeros do not matter: 1.50 equals 1.5.</summary>
    public static Scalar Of(decimal number) => new(Tag.Number, number);

    /// <summary>A code or short text.</summary>
    public static Scalar Of(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        return new(code);
    }

    /// <summary>Several codes; repeated ones count once, and their order does not matter.</summary>
    /// <exception cref="ArgumentException">A code is empty or contains a comma.</exception>
    public static Scalar Of(IEnumerable<string> codes)
    {
        ArgumentNullException.ThrowIfNull(codes);
        var sorted = codes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return sorted.Find(one => !CanBeOneOfSeveral(one)) is { } wrong
            ? throw new ArgumentException($"'{wrong}' cannot be one of several codes: it must not be empty or contain a comma.", nameof(codes))
            : new(new CodeList(sorted.ToSequence()));
    }

    /// <summary>Whether a code can be one of several: it is not empty and has no comma.</summary>
    public static bool CanBeOneOfSeveral(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        return code.Length > 0 && !code.Contains(Separator, StringComparison.Ordinal);
    }

    /// <summary>A calendar date of the ISO calendar.</summary>
    public static Scalar Of(LocalDate date) => new(Tag.Date, Period.DaysBetween(new LocalDate(1970, 1, 1), date));

    /// <summary>An instant; what is finer than a tick (100 ns) is cut off.</summary>
    public static Scalar Of(Instant instant) => new(Tag.Instant, instant.ToUnixTimeTicks());

    /// <summary>A flag.</summary>
    public static implicit operator Scalar(bool flag) => Of(flag);

    /// <summary>A number.</summary>
    public static implicit operator Scalar(decimal number) => Of(number);

    /// <summary>A number.</summary>
    public static implicit operator Scalar(int number) => Of(number);

    /// <summary>A number.</summary>
    public static implicit operator Scalar(long number) => Of(number);

    /// <summary>A code.</summary>
    public static implicit operator Scalar(string code) => Of(code);

    /// <summary>A date.</summary>
    public static implicit operator Scalar(LocalDate date) => Of(date);

    /// <summary>An instant.</summary>
    public static implicit operator Scalar(Instant instant) => Of(instant);

    /// <summary>Whether kind and value are the same.</summary>
    public static bool operator ==(Scalar left, Scalar right) => left.Equals(right);

    /// <summary>Whether kind or value differ.</summary>
    public static bool operator !=(Scalar left, Scalar right) => !left.Equals(right);

    /// <summary>Orders two values of one kind; codes by ordinal. Null when the kinds differ or a value is missing: they have no order.</summary>
    public int? CompareWith(Scalar other) => codeOrKind switch
    {
        null => null,
        Tag tag => ReferenceEquals(tag, other.codeOrKind) ? number.CompareTo(other.number) : null,
        CodeList list => other.codeOrKind is CodeList codes ? string.CompareOrdinal(list.ToString(), codes.ToString()) : null,
        _ => other.codeOrKind is string code ? string.CompareOrdinal(AsCode, code) : null,
    };

    /// <inheritdoc/>
    public bool Equals(Scalar other) => ReferenceEquals(codeOrKind, other.codeOrKind)
        ? number == other.number
        : codeOrKind is string one ? other.codeOrKind is string code && string.Equals(one, code, StringComparison.Ordinal)
        : codeOrKind is CodeList list && list.Equals(other.codeOrKind);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Scalar other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, number, codeOrKind as string ?? (codeOrKind as CodeList)?.ToString());

    /// <summary>The value as text, the same in every culture: "true", "1.5", "gold", "2026-11-21", "2026-11-21T08:00:00Z", "cat,tea"; "" when missing.</summary>
    public override string ToString() => Kind switch
    {
        ScalarKind.Flag => AsFlag ? "true" : "false",
        ScalarKind.Number => number.ToString("0.############################", CultureInfo.InvariantCulture),
        ScalarKind.Code => AsCode!,
        ScalarKind.Codes => codeOrKind!.ToString()!,
        ScalarKind.Date => LocalDatePattern.Iso.Format(DateAt((int)number)),
        ScalarKind.Instant => InstantPattern.ExtendedIso.Format(NodaTime.Instant.FromUnixTimeTicks((long)number)),
        _ => "",
    };

    private static LocalDate DateAt(int days) => new LocalDate(1970, 1, 1).PlusDays(days);

    private sealed record CodeList(Sequence<string> Codes)
    {
        public override string ToString() => string.Join(Separator, Codes);
    }

    private sealed class Tag(ScalarKind kind)
    {
        public static readonly Tag Flag = new(ScalarKind.Flag);
        public static readonly Tag Number = new(ScalarKind.Number);
        public static readonly Tag Date = new(ScalarKind.Date);
        public static readonly Tag Instant = new(ScalarKind.Instant);

        public ScalarKind Kind { get; } = kind;
    }
}
