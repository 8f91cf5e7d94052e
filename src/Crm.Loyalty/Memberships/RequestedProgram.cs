using System.Diagnostics.CodeAnalysis;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Modules;

namespace Crm.Loyalty.Memberships;

/// <summary>Finds the programme that a request is about: the one it names, or the only one there is.</summary>
internal static class RequestedProgram
{
    private const string Program = "program";

    public static bool TryFind(CustomerEvent request, LoyaltyPlans plans, ModuleContext context, [NotNullWhen(true)] out ProgramPlan? plan, [NotNullWhen(false)] out Outcome.Refused? refused)
    {
        plan = null;
        var name = request.Fields[Program].AsCode ?? plans.OnlyAt(context.Moment.Instant);
        if (name is null || plans.Find(name) is not { } versions)
        {
            var known = plans.Known;
            refused = name is null ? new("program-missing", LoyaltyTexts.ProgramMissing(known)) : new("unknown-program", LoyaltyTexts.UnknownProgram(name, known));
            return false;
        }

        plan = versions.At(context.Moment.Instant);
        refused = plan is null ? new("program-inactive", LoyaltyTexts.ProgramInactive(name)) : null;
        return plan is not null;
    }

    /// <summary>The one of several things that a request names, or the only one there is.</summary>
    /// <param name="field">The field that names it.</param>
    /// <param name="what">What it is, in both languages.</param>
    public static bool TryChoose<T>(CustomerEvent request, string field, Values.Text what, IReadOnlyCollection<T> all, Func<T, string> nameOf, [NotNullWhen(true)] out T? chosen, [NotNullWhen(false)] out Outcome.Refused? refused)
        where T : class
    {
        var name = request.Fields[field].AsCode;
        chosen = name is null ? (all.Count == 1 ? all.First() : null) : all.FirstOrDefault(item => nameOf(item) == name);
        var known = all.Count == 0 ? "-" : string.Join(", ", all.Select(nameOf));
        refused = chosen is not null ? null
            : name is null ? new($"{field}-missing", LoyaltyTexts.NotNamed(what, known))
            : new($"unknown-{field}", LoyaltyTexts.NotThere(what, name, known));
        return chosen is not null;
    }
}
