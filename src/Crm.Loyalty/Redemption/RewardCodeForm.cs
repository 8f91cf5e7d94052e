using System.Security.Cryptography;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>What a reward's code looks like. Codes are made by the host before it asks, or taken from its own list; the event carries one, and its owner alone can use it.</summary>
public sealed record RewardCodeForm
{
    /// <summary>Letters and digits that are not taken for one another.</summary>
    public const string Readable = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

    /// <summary>The kind of identity that keeps a code from being somebody else's as well.</summary>
    public const string IdentityKind = "reward-code";

    /// <summary>The characters that stand for a '#' of the pattern; each once.</summary>
    public string Alphabet { get; init; } = Readable;

    /// <summary>The form: '#' is a character of the alphabet, all else stands for itself, such as "TEA-####-####-####".</summary>
    public required string Pattern { get; init; }

    /// <summary>Whether codes come from the host's own list, so that their form is not checked.</summary>
    public bool Imported { get; init; }

    /// <summary>How hard a code is to guess: the bits of chance in it.</summary>
    public double EntropyBits => Pattern.Count(letter => letter == '#') * Math.Log2(Math.Max(1, Alphabet.Length));

    /// <summary>A new code, from the machine's source of chance. Call it where the request is made, never in a rule.</summary>
    public string New() => string.Create(Pattern.Length, this, static (code, form) =>
    {
        for (var i = 0; i < code.Length; i++)
        {
            code[i] = form.Pattern[i] == '#' ? form.Alphabet[RandomNumberGenerator.GetInt32(form.Alphabet.Length)] : form.Pattern[i];
        }
    });

    /// <summary>Whether a text is of the form.</summary>
    public bool Fits(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        return Imported
            ? code.Length is > 0 and <= Names.Longest
            : code.Length == Pattern.Length && code.Index().All(letter => Pattern[letter.Index] == '#' ? Alphabet.Contains(letter.Item, StringComparison.Ordinal) : Pattern[letter.Index] == letter.Item);
    }
}
