using System.Buffers;
using System.Text;
using System.Text.Json;
using Crm.Conditions;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>
/// A programme as JSON. What is written is the canonical form: one programme, one text, whatever way it was made, with everything left out that says what is so anyway.
/// Reading is strict: an unknown or repeated property is an error, and all errors come at once.
/// </summary>
public static class LoyaltyProgramJson
{
    /// <summary>The canonical form.</summary>
    public static string Write(LoyaltyProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json, program);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads and checks a programme.</summary>
    /// <param name="json">The text.</param>
    /// <param name="rulesInCode">The rules of the host's own that the programme may name, by name and version.</param>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong; the message lists all of it with its place.</exception>
    public static LoyaltyProgram Read(string json, params IEnumerable<IEarningRule> rulesInCode) => Read(json, new LoyaltyCode { Rules = rulesInCode.ToSequence() });

    /// <summary>Reads and checks a programme.</summary>
    /// <param name="json">The text.</param>
    /// <param name="code">What of the host's own the programme may name.</param>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong; the message lists all of it with its place.</exception>
    public static LoyaltyProgram Read(string json, LoyaltyCode code)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(code);
        var errors = new List<ProgramError>();
        var program = Program(json, code, errors);

        // What could not be read has a stand-in, about which the validator would only repeat itself.
        errors.AddRange(LoyaltyProgramValidator.Errors(program).Where(error => !errors.Exists(known => Covers(known.Path, error.Path))).ToList());
        return errors.Count == 0 ? program : throw new InvalidLoyaltyProgramException(program.Name.Length == 0 ? null : program.Name, errors.ToSequence());
    }

    private static LoyaltyProgram Program(string json, LoyaltyCode code, List<ProgramError> errors)
    {
        try
        {
            using var document = JsonDocument.Parse(json, ConditionJson.Around);
            return Program(new JsonPart(document.RootElement, "", errors), code);
        }
        catch (JsonException exception)
        {
            throw new InvalidLoyaltyProgramException(null, [new ProgramError("", $"This is not JSON: {exception.Message}")]);
        }
        catch (Exception exception) when (exception is InvalidOperationException || (exception is ArgumentException && StorableText.FaultOf(json) is not null))
        {
            throw new InvalidLoyaltyProgramException(null, [.. errors, new ProgramError("", "A text has half a character (a lone surrogate) in it.")]);
        }
    }

    private static bool Covers(string known, string path) =>
        known == path || known.Length == 0 || path.StartsWith(known + ".", StringComparison.Ordinal) || path.StartsWith(known + "[", StringComparison.Ordinal);

    private static LoyaltyProgram Program(JsonPart json, LoyaltyCode code)
    {
        json.Allow(
            "name", "zone", "scope", "cascade", "units", "conversions", "collections", "rules", "groups", "limits", "budgets", "ladders", "stampCards",
            "rewards", "payment", "challenges", "membership", "referrals", "pools", "surprises", "velocityLimits", "hidden", "ended", "staffLimits");
        return new LoyaltyProgram
        {
            Name = json.Text("name") ?? "",
            Zone = json.Text("zone") ?? "",
            Units = json.Items("units", required: true).Select(Unit).ToSequence(),
            Scope = RuleJson.Scope(json),
            Cascade = json.OneOf("cascade", Cascades),
            Conversions = json.Items("conversions").Select(item =>
            {
                item.Allow("name", "from", "to", "give", "get");
                return new UnitConversion(item.Text("name") ?? "", item.Text("from") ?? "", item.Text("to") ?? "", item.Whole("give", required: true) ?? 0, item.Whole("get", required: true) ?? 0);
            }).ToSequence(),
            Collections = json.Items("collections").Select(RuleJson.Collection).ToSequence(),
            Rules = json.Items("rules").Select((item, place) => RuleJson.Read(item, code) ?? new Unreadable(place)).ToSequence(),
            Groups = json.Items("groups").Select(RuleJson.Group).ToSequence(),
            Limits = json.Items("limits").Select(RuleJson.Limit).ToSequence(),
            Budgets = json.Items("budgets").Select(RuleJson.Budget).ToSequence(),
            Ladders = json.Items("ladders").Select(item => TierLadderJson.Read(item, code)).ToSequence(),
            StampCards = json.Items("stampCards").Select(StampCardJson.Read).ToSequence(),
            Rewards = json.Items("rewards").Select(item => RewardJson.Read(item, code)).ToSequence(),
            Payment = json.Part("payment") is { } payment ? RewardJson.Payment(payment) : null,
            Challenges = json.Items("challenges").Select(part => ChallengeJson.Read(part, code)).ToSequence(),
            Membership = json.Part("membership") is { } membership ? MembershipJson.Read(membership) : Members.MembershipRules.Usual,
            Referrals = json.Part("referrals") is { } referrals ? MembershipJson.Referrals(referrals) : null,
            Pools = json.Part("pools") is { } pools ? MembershipJson.Pools(pools) : null,
            Surprises = json.Items("surprises").Select(RewardJson.Surprise).ToSequence(),
            VelocityLimits = json.Items("velocityLimits").Select(MembershipJson.Limit).ToSequence(),
            Hidden = json.Flag("hidden"),
            Ended = json.Flag("ended"),
            StaffLimits = json.Items("staffLimits").Select(StaffLimit).ToSequence(),
        };
    }

    private static LoyaltyUnit Unit(JsonPart json)
    {
        json.Allow("name", "kind", "expires", "expiresByTier", "pending", "idle", "debt", "transferable", "warnDaysBefore", "reinstateWithinDays", "returns");
        return new LoyaltyUnit(json.Text("name") ?? "", json.OneOf("kind", UnitKinds, required: true))
        {
            Expiry = json.Has("expires") ? ExpiryJson.Read(json, "expires") : LotExpiry.Never,
            Activation = json.Has("pending") ? ExpiryJson.Activation(json, "pending") : Activation.AtOnce,
            Idle = json.Has("idle") ? ExpiryJson.Idle(json, "idle") : null,
            Debt = json.OneOf("debt", Debts),
            Transferable = json.Flag("transferable"),
            WarnDaysBefore = json.Whole("warnDaysBefore") is { } warn ? (int)Math.Clamp(warn, int.MinValue, int.MaxValue) : null,
            ReinstateWithinDays = json.Whole("reinstateWithinDays") is { } reinstate ? (int)Math.Clamp(reinstate, int.MinValue, int.MaxValue) : null,
            Returns = json.Has("returns") ? ExpiryJson.Returns(json) : null,
            ExpiryByTier = json.Items("expiresByTier").Select(item =>
            {
                item.Allow("ladder", "tier", "expires");
                return new TierExpiry(item.Has("ladder") ? item.Text("ladder") ?? "" : TierLadder.UsualName, item.Text("tier") ?? "", ExpiryJson.Read(item, "expires"));
            }).ToSequence(),
        };
    }

    private static readonly (string, CapPeriod)[] StaffSpans = [("day", CapPeriod.Day), ("week", CapPeriod.Week), ("month", CapPeriod.Month), ("year", CapPeriod.Year)];

    private static StaffLimit StaffLimit(JsonPart json)
    {
        json.Allow("request", "unit", "per", "alone", "most");
        return new StaffLimit
        {
            Request = json.Text("request") ?? "",
            Unit = json.Has("unit") ? json.Text("unit") : null,
            Per = json.Has("per") ? json.OneOf("per", StaffSpans) : null,
            Alone = json.Whole("alone", required: true) ?? 0,
            Most = json.Whole("most"),
        };
    }

    private static void Write(Utf8JsonWriter json, LoyaltyProgram program)
    {
        json.WriteStartObject();
        json.WriteString("name", program.Name);
        json.WriteString("zone", program.Zone);
        RuleJson.Scope(json, program.Scope);
        json.Unless("cascade", Cascades, program.Cascade);
        json.Items("units", program.Units, unit =>
        {
            json.WriteString("name", unit.Name);
            json.WriteString("kind", JsonForm.NameOf(UnitKinds, unit.Kind));
            if (unit.Expiry is not LotExpiry.Forever)
            {
                ExpiryJson.Write(json, "expires", unit.Expiry);
            }

            json.Items("expiresByTier", unit.ExpiryByTier, one =>
            {
                if (one.Ladder != TierLadder.UsualName)
                {
                    json.WriteString("ladder", one.Ladder);
                }

                json.WriteString("tier", one.Tier);
                ExpiryJson.Write(json, "expires", one.Expiry);
            });
            if (unit.Activation != Activation.AtOnce)
            {
                ExpiryJson.Activation(json, "pending", unit.Activation);
            }

            if (unit.Idle is { } idle)
            {
                ExpiryJson.Idle(json, "idle", idle);
            }

            json.Unless("debt", Debts, unit.Debt);
            json.If("transferable", unit.Transferable);
            json.If("warnDaysBefore", unit.WarnDaysBefore);
            json.If("reinstateWithinDays", unit.ReinstateWithinDays);
            ExpiryJson.Returns(json, unit.Returns);
        });
        json.Items("conversions", program.Conversions, conversion =>
        {
            json.WriteString("name", conversion.Name);
            json.WriteString("from", conversion.From);
            json.WriteString("to", conversion.To);
            json.WriteNumber("give", conversion.Give);
            json.WriteNumber("get", conversion.Get);
        });
        json.Items("collections", program.Collections, collection => RuleJson.Write(json, collection));
        json.Items("rules", program.Rules, rule => RuleJson.Write(json, rule));
        json.Items("groups", program.Groups, group => RuleJson.Write(json, group));
        json.Items("limits", program.Limits, limit => RuleJson.Write(json, limit));
        json.Items("budgets", program.Budgets, budget => RuleJson.Write(json, budget));
        json.Items("ladders", program.Ladders, ladder => TierLadderJson.Write(json, ladder));
        json.Items("stampCards", program.StampCards, card => StampCardJson.Write(json, card));
        json.Items("rewards", program.Rewards, reward => RewardJson.Write(json, reward));
        if (program.Payment is { } payment)
        {
            RewardJson.Write(json, payment);
        }

        json.Items("challenges", program.Challenges, challenge => ChallengeJson.Write(json, challenge));
        if (program.Membership != Members.MembershipRules.Usual)
        {
            MembershipJson.Write(json, program.Membership);
        }

        if (program.Referrals is { } referrals)
        {
            MembershipJson.Write(json, referrals);
        }

        if (program.Pools is { } pools)
        {
            MembershipJson.Write(json, pools);
        }

        json.Items("surprises", program.Surprises, surprise => RewardJson.Write(json, surprise));
        json.Items("velocityLimits", program.VelocityLimits, limit => MembershipJson.Write(json, limit));
        json.If("hidden", program.Hidden);
        json.If("ended", program.Ended);
        json.Items("staffLimits", program.StaffLimits, limit =>
        {
            json.WriteString("request", limit.Request);
            json.If("unit", limit.Unit);
            json.If("per", limit.Per is { } per ? JsonForm.NameOf(StaffSpans, per) : null);
            json.WriteNumber("alone", limit.Alone);
            json.If("most", limit.Most);
        });
        json.WriteEndObject();
    }

    /// <summary>Keeps the place of a rule that could not be read, so that findings about later ones name theirs.</summary>
    private sealed class Unreadable(int place) : IEarningRule
    {
        public string Name { get; } = $"unreadable-{place}";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [];
    }

    // The first of each list is what leaving the property out means, where it may be left out.
    private static readonly (string, Cascade)[] Cascades = [("history", Cascade.History), ("none", Cascade.None)];

    private static readonly (string, DebtPolicy)[] Debts =
        [("carry", DebtPolicy.Carry), ("clamp-to-zero", DebtPolicy.ClampToZero), ("pending-only", DebtPolicy.PendingOnly), ("reject", DebtPolicy.Reject)];

    private static readonly (string, UnitKind)[] UnitKinds = [("redeemable", UnitKind.Redeemable), ("status", UnitKind.Status)];
}
