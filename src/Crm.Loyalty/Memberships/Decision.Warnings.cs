using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Warnings of what runs out soon.</summary>
internal sealed partial class Decision
{
    /// <summary>Tells of units that run out soon, and looks for the next.</summary>
    public void Warn(ProgramPlan plan, UnitPlan unit)
    {
        if (unit.Definition.WarnDaysBefore is { } days)
        {
            Warn(plan, unit, days);
        }

        PutWarning(plan, unit);
    }

    private void Warn(ProgramPlan plan, UnitPlan unit, int days)
    {
        var now = context.Moment.Instant.ToUnixTimeTicks();
        foreach (var gone in In(plan.Name).TalliesOf(LoyaltyNames.WarnedUntil(unit.Name)).Where(tally => (tally.Name == LoyaltyNames.WarnedUntil(unit.Name) || tally.Name.StartsWith(LoyaltyNames.Warned(unit.Name), StringComparison.Ordinal)) && tally.Amount <= now))
        {
            Count(plan, gone with { Amount = 0 });
        }

        var (until, membership) = (new Moment(context.Moment.Instant, plan.Zone).Date.PlusDays(days), In(plan.Name));
        foreach (var (at, amount) in membership.Wallet(unit.Name).Schedule.Where(lot => !IsWarned(membership, unit, lot.At) && lot.At.InZone(plan.Zone).Date <= until).GroupBy(lot => lot.At).Select(lots => (lots.Key, lots.Sum(lot => lot.Amount))).ToList())
        {
            (echoes ??= []).Add(new Echo(LoyaltyNames.Expiring, Fields.Of(("program", plan.Name), ("unit", unit.Name), ("amount", amount), ("at", at))));
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Expiring) { Program = plan.Name, Subject = Lot.NameOf(at), Text = LoyaltyTexts.Expiring(amount, unit.Name, at.InZone(plan.Zone).Date) });
            Count(plan, new Tally(LoyaltyNames.Warned(unit.Name, at), 0, at.ToUnixTimeTicks()));
        }
    }

    // Where a later version warns otherwise, what there is then is looked at when it begins.
    private void PutWarning(ProgramPlan plan, UnitPlan unit)
    {
        var days = unit.Definition.WarnDaysBefore;
        if (days is null && unit.WarnsOtherwiseFrom is null)
        {
            return;
        }

        Instant? due = FirstUnwarned(plan, unit) is { } at ? Earlier(days is { } before ? plan.Zone.Start(at.InZone(plan.Zone).Date.PlusDays(-before)) : null, unit.WarnsOtherwiseFrom) : null;
        Put(new AgendaChange(LoyaltyNames.WarningKey(plan.Name, unit.Name), due, Phases.Occasions));
    }

    // What comes later may run out earlier, so each instant at which units run out is told of by itself.
    private Instant? FirstUnwarned(ProgramPlan plan, UnitPlan unit)
    {
        var (membership, first) = (In(plan.Name), default(Instant?));
        var wallet = membership.Wallet(unit.Name);
        foreach (ref readonly var lot in wallet.Lots.AsSpan())
        {
            if (lot.Amount > 0 && wallet.GoneAt(lot) is { } at && !(first <= at) && !IsWarned(membership, unit, at))
            {
                first = at;
            }
        }

        return first;
    }

    private static bool IsWarned(Membership membership, UnitPlan unit, Instant at) =>
        membership.Counted(LoyaltyNames.Warned(unit.Name, at)) != 0 || membership.Counted(LoyaltyNames.WarnedUntil(unit.Name)) >= at.ToUnixTimeTicks();
}
