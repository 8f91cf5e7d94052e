using System.Globalization;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Checks events before anything is read or written, and reports everything that is wrong with all of them.</summary>
internal sealed class EventCheck(EventKinds kinds, IReadOnlyList<IEventValidator> validators, Duration futureTolerance)
{
    public Sequence<EventProblem> Check(IReadOnlyList<CustomerEvent> events, Instant now)
    {
        List<EventProblem>? problems = null;
        var i = 0;
        Action<string, string> wrong = (code, message) => (problems ??= []).Add(new EventProblem(i, code, $"The event '{events[i].Key}' {message}"));
        for (; i < events.Count; i++)
        {
            Check(events[i], now, wrong);
        }

        return problems?.ToSequence() ?? [];
    }

    /// <summary>What is wrong with a merge.</summary>
    public Sequence<EventProblem> CheckMerge(MergeRequest request, Instant now)
    {
        var problems = new List<EventProblem>();
        Action<string, string> wrong = (code, message) => problems.Add(new EventProblem(0, code, $"The merge '{request.Key}' {message}"));
        CheckWhen(request.ToEvent(), now, wrong);
        CheckNames(request.ToEvent(), wrong);
        foreach (var (which, customer) in new[] { ("survivor", request.Survivor), ("retired customer", request.Retired) })
        {
            if (customer?.Id is null && (customer?.Identity is null || customer.Identity == default(Identity)))
            {
                wrong("no-customer", $"names no {which}; an identity or a customer id is expected.");
            }
        }

        return problems.ToSequence();
    }

    public Sequence<EventProblem> CheckErasure(EraseRequest request, Instant now)
    {
        var problems = new List<EventProblem>();
        Action<string, string> wrong = (code, message) => problems.Add(new EventProblem(0, code, $"The erasure '{request.Key}' {message}"));
        CheckWhen(request.ToEvent(), now, wrong);
        CheckNames(request.ToEvent(), wrong);
        if (request.Customer?.Id is null && (request.Customer?.Identity is null || request.Customer.Identity == default(Identity)))
        {
            wrong("no-customer", "names no customer; an identity or a customer id is expected.");
        }

        return problems.ToSequence();
    }

    private void CheckWhen(CustomerEvent happened, Instant now, Action<string, string> wrong)
    {
        if (happened.Key == default)
        {
            wrong("no-key", "has no key; a source and the source's own key are expected, such as 'pos:1042'.");
        }

        if (happened.OccurredAt > now + futureTolerance)
        {
            wrong("from-the-future", $"claims to have happened at {happened.OccurredAt}, and now it is {now}; at most {futureTolerance.TotalMinutes.ToString("0", CultureInfo.InvariantCulture)} minutes ahead are allowed for clocks that differ.");
        }
    }

    private void Check(CustomerEvent happened, Instant now, Action<string, string> wrong)
    {
        CheckWhen(happened, now, wrong);
        if (happened.Customer is null && (happened.Identity is null || happened.Identity == default(Identity)))
        {
            wrong("no-customer", "names no customer; an identity or a customer id is expected.");
        }
        else if (happened.Identity is { } identity)
        {
            CheckIdentity("identity", identity, wrong);
        }

        for (var i = 0; i < happened.AlsoKnownAs.Count; i++)
        {
            CheckIdentity(string.Create(CultureInfo.InvariantCulture, $"further identity {i + 1}"), happened.AlsoKnownAs[i], wrong);
        }

        CheckNames(happened, wrong);
        CheckTexts(happened, wrong);
        CheckMoney(happened, wrong);
        if (kinds.Find(happened.Kind) is not { } kind)
        {
            var nearest = Names.Nearest(happened.Kind, kinds.Known);
            wrong("unknown-kind", $"is of the kind '{happened.Kind}', which nobody declares.{(nearest is null ? "" : $" Did you mean '{nearest}'?")} There are: {string.Join(", ", kinds.Known)}.");
            return;
        }

        if (kind.Name is EventKinds.MergedName or EventKinds.RetiredName)
        {
            wrong("not-by-hand", $"is of the kind '{kind.Name}', which a merge records itself; ask for one with {nameof(CrmEngine)}.{nameof(CrmEngine.MergeAsync)}.");
        }

        if (kind.Name == EventKinds.ProfileObservedName && happened.OccurredAt is { } looked)
        {
            wrong("observed-now", $"says that the profile was looked at at {looked}; it is looked at when the event is recorded, so no instant is expected.");
        }

        if (kind.Name == EventKinds.ErasedName)
        {
            wrong("not-by-hand", $"is of the kind '{kind.Name}', which an erasure records itself; ask for one with {nameof(CrmEngine)}.{nameof(CrmEngine.EraseAsync)}.");
        }

        if (kind.Name is EventKinds.PurchaseName or EventKinds.RefundName && happened.Spend is null)
        {
            wrong("no-spend", $"is a {kind.Name} without an amount; the spend is expected, 0 when nothing was paid.");
        }

        if (kind.Name == EventKinds.CancellationName && happened.Original is null)
        {
            wrong("no-original", "is a cancellation that does not say of what; the key of the original event is expected.");
        }

        if (happened.Original == happened.Key)
        {
            wrong("own-original", "takes itself back; the key of an earlier event is expected as its original.");
        }

        CheckFields(happened, kind, wrong);
        foreach (var validator in validators)
        {
            foreach (var fault in validator.Check(happened))
            {
                wrong(fault.Code, fault.Message);
            }
        }
    }

    // The value is personal data and stays out of messages.
    private static void CheckIdentity(string what, Identity identity, Action<string, string> wrong)
    {
        if (identity == default)
        {
            wrong("no-identity", $"has nothing as its {what}; a kind and a value are expected, as {nameof(Identity)}.{nameof(Identity.Of)} gives them.");
        }
        else if (!identity.IsNormalised)
        {
            wrong("not-an-identity", $"has an {what} of the kind '{identity.Kind}' whose value is not in the one form of its kind, so it would name somebody else; {Identity.FormOf(identity.Kind)} is expected, as {nameof(Identity)}.{nameof(Identity.Of)} gives it.");
        }
    }

    private static void CheckNames(CustomerEvent happened, Action<string, string> wrong)
    {
        CheckName("channel", happened.Channel, wrong);
        CheckName("brand", happened.Brand, wrong);

        if (happened.Actor is { Length: 0 or > Names.Longest })
        {
            wrong("bad-name", $"has an actor of {happened.Actor.Length} characters; a code of 1 to {Names.Longest} such as 'staff:17' is expected.");
        }

        CheckText("actor", happened.Actor, wrong);
    }

    // Names are of letters that every database has.
    private static void CheckTexts(CustomerEvent happened, Action<string, string> wrong)
    {
        for (var i = 0; i < happened.Lines.Count; i++)
        {
            if (StorableText.FaultOf(happened.Lines[i].Sku) is { } ofSku)
            {
                Refuse(wrong, $"article of line {i + 1}", ofSku);
            }

            if (StorableText.FaultOf(happened.Lines[i].Category) is { } ofCategory)
            {
                Refuse(wrong, $"category of line {i + 1}", ofCategory);
            }
        }

        CheckValues("field", happened.Fields, wrong);
        CheckValues("look-up", happened.Lookups, wrong);
        CheckValues("profile field", happened.Profile, wrong);
        foreach (var removed in happened.ProfileRemoved)
        {
            CheckText("name of a removed profile field", removed, wrong);
        }
    }

    private static void CheckValues(string what, Fields fields, Action<string, string> wrong)
    {
        foreach (var (name, value) in fields)
        {
            if (StorableText.FaultOf(name) is { } ofName)
            {
                Refuse(wrong, $"name of a {what}", ofName);
            }
            else if (value.Kind == ScalarKind.Code)
            {
                CheckValue(what, name, value.AsCode, wrong);
            }
            else if (value.Kind == ScalarKind.Codes)
            {
                foreach (var code in value.AsCodes)
                {
                    CheckValue(what, name, code, wrong);
                }
            }
        }
    }

    private static void CheckValue(string what, string name, string? code, Action<string, string> wrong)
    {
        if (StorableText.FaultOf(code) is { } fault)
        {
            Refuse(wrong, $"{what} '{name}'", fault);
        }
    }

    private static void CheckText(string what, string? text, Action<string, string> wrong)
    {
        if (StorableText.FaultOf(text) is { } fault)
        {
            Refuse(wrong, what, fault);
        }
    }

    private static void Refuse(Action<string, string> wrong, string what, string fault) =>
        wrong("bad-text", $"has {fault} in the {what}; whole characters other than U+0000 are expected, because no database keeps others.");

    private static void CheckName(string what, string? name, Action<string, string> wrong)
    {
        if (name is not null && !Names.IsName(name))
        {
            wrong("bad-name", $"has the {what} '{name}'; lower-case letters, digits, '-', '_' and '.' are expected.");
        }
    }

    private static void CheckMoney(CustomerEvent happened, Action<string, string> wrong)
    {
        if (happened.Spend is { } spend && (spend.MinorUnits < 0 || spend.Currency == default))
        {
            wrong("bad-amount", $"has the amount {spend}; 0 or more of a currency is expected: the kind of the event says the direction.");
        }

        if (happened.Spend is { MinorUnits: > CustomerEvent.MostMinorUnits } absurd)
        {
            wrong("bad-amount", $"has the amount {absurd}; at most {new Money(CustomerEvent.MostMinorUnits, absurd.Currency)} is expected.");
        }

        if (happened.Lines.Count > CustomerEvent.MostLines)
        {
            wrong("too-many-lines", $"has {happened.Lines.Count} lines; at most {CustomerEvent.MostLines} are expected.");
        }

        var goods = Int128.Zero;
        for (var i = 0; i < happened.Lines.Count; i++)
        {
            var line = happened.Lines[i];
            goods += line.Amount.MinorUnits;
            if (string.IsNullOrEmpty(line.Sku) || !EventLine.IsQuantity(line.Quantity) || line.Amount.MinorUnits is < 0 or > CustomerEvent.MostMinorUnits)
            {
                wrong("bad-line", string.Create(CultureInfo.InvariantCulture, $"has the line {i + 1} '{line.Sku}' of {line.Quantity} for {line.Amount}; an article, a quantity above 0 (at most {EventLine.MostQuantity}, {EventLine.QuantityDecimals} decimals) and an amount of 0 or more (at most {CustomerEvent.MostMinorUnits} minor units) are expected."));
            }

            if (happened.Spend is { } total && line.Amount.Currency != total.Currency)
            {
                wrong("mixed-currencies", $"is in {total.Currency} and its line {i + 1} in {line.Amount.Currency}; one currency is expected.");
            }
        }

        if (goods > CustomerEvent.MostMinorUnits)
        {
            wrong("bad-amount", string.Create(CultureInfo.InvariantCulture, $"has lines for {goods} minor units together; at most {CustomerEvent.MostMinorUnits} are expected."));
        }

        foreach (var part in EventKinds.PartsOfSpend)
        {
            if (happened.Fields[part] is { Kind: ScalarKind.Number, AsNumber: > CustomerEvent.MostMinorUnits and var much })
            {
                wrong("bad-amount", string.Create(CultureInfo.InvariantCulture, $"has {much} in the field '{part}'; at most {CustomerEvent.MostMinorUnits} is expected."));
            }
        }
    }

    private static void CheckFields(CustomerEvent happened, EventKind kind, Action<string, string> wrong)
    {
        foreach (var (name, value) in happened.Fields)
        {
            var declared = kind.Fields.FirstOrDefault(field => field.Name == name);
            if (declared is null)
            {
                wrong("unknown-field", $"has the field '{name}', which the kind '{kind.Name}' does not declare. There are: {(kind.Fields.IsEmpty ? "none" : string.Join(", ", kind.Fields.Select(field => field.Name)))}.");
            }
            else if (declared.Kind != value.Kind)
            {
                wrong("bad-field", $"has a {value.Kind} in the field '{name}'; a {declared.Kind} is expected.");
            }
        }

        foreach (var field in kind.Fields)
        {
            if (field.Required && happened.Fields[field.Name].IsMissing)
            {
                wrong("missing-field", $"lacks the field '{field.Name}', a {field.Kind}, which the kind '{kind.Name}' requires.");
            }
        }
    }
}
