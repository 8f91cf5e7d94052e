using System.Globalization;

namespace Crm.Values;

/// <summary>An exact amount in one currency, kept in minor units (cents). May be negative.</summary>
/// <param name="MinorUnits">The amount in the currency's smallest unit.</param>
/// <param name="Currency">Its currency.</param>
public readonly record struct Money(long MinorUnits, Currency Currency) : IComparable<Money>
{
    /// <summary>The amount in the currency's main unit, such as 52.50.</summary>
    public decimal Amount => MinorUnits / Currency.MinorUnitsPerUnit;

    /// <summary>Hong Kong dollars.</summary>
    /// <exception cref="ArgumentException">The amount is finer than a cent, or too large.</exception>
    public static Money Hkd(decimal amount) => Of(amount, Currency.Hkd);

    /// <summary>An amount in the main unit of a currency.</summary>
    /// <exception cref="ArgumentException">The amount is finer than the currency's minor unit, or too large.</exception>
    public static Money Of(decimal amount, Currency currency)
    {
        var minor = Scaled(amount, currency);
        return decimal.Truncate(minor) == minor
            ? new Money(decimal.ToInt64(minor), currency)
            : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{amount} {currency} is finer than the smallest unit of the currency, which has {currency.Decimals} decimals."), nameof(amount));
    }

    /// <summary>The nearest amount of the currency; a tie goes to the even minor unit.</summary>
    /// <exception cref="ArgumentException">The amount is too large.</exception>
    public static Money Rounded(decimal amount, Currency currency) =>
        new(decimal.ToInt64(decimal.Round(Scaled(amount, currency), 0, MidpointRounding.ToEven)), currency);

    /// <summary>The sum. Both amounts are of one currency, or an exception says which two they are.</summary>
    public static Money operator +(Money left, Money right) => new(checked(left.MinorUnits + left.Same(right)), left.Currency);

    /// <summary>The difference. Both amounts are of one currency, or an exception says which two they are.</summary>
    public static Money operator -(Money left, Money right) => new(checked(left.MinorUnits - left.Same(right)), left.Currency);

    /// <summary>The opposite amount.</summary>
    public static Money operator -(Money money) => money with { MinorUnits = checked(-money.MinorUnits) };

    /// <summary>Whether the first amount is smaller.</summary>
    public static bool operator <(Money left, Money right) => left.CompareTo(right) < 0;

    /// <summary>Whether the first amount is larger.</summary>
    public static bool operator >(Money left, Money right) => left.CompareTo(right) > 0;

    /// <summary>Whether the first amount is smaller or the same.</summary>
    public static bool operator <=(Money left, Money right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the first amount is larger or the same.</summary>
    public static bool operator >=(Money left, Money right) => left.CompareTo(right) >= 0;

    /// <summary>Compares two amounts of one currency; of two currencies it refuses.</summary>
    public int CompareTo(Money other) => MinorUnits.CompareTo(Same(other));

    /// <summary>Such as "52.50 HKD".</summary>
    public override string ToString() => $"{Amount.ToString("F" + Currency.Decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)} {Currency}";

    private static decimal Scaled(decimal amount, Currency currency)
    {
        if (Math.Abs(amount) > long.MaxValue / 10_000m)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{amount} {currency} is too large: at most {long.MaxValue / 10_000m:F0} is expected."), nameof(amount));
        }

        return amount * currency.MinorUnitsPerUnit;
    }

    private long Same(Money other) => other.Currency == Currency
        ? other.MinorUnits
        : throw new InvalidOperationException($"{this} and {other} are of two currencies; convert one with a dated rate first.");
}
