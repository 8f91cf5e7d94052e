using Crm.Campaigns.Decisions;
using Crm.Engine;
using Crm.Modules;
using Crm.Values;
using HandlebarsDotNet;
using HandlebarsDotNet.Compiler;

namespace Crm.Campaigns.Messages;

/// <summary>
/// Renders Handlebars templates strictly: a value that is missing is an error that names it. Templates see "customer" (the profile as it is when the message leaves), "message" (the parameters of the decision) and
/// "facts". Helpers are those of Handlebars alone, and values are data: nothing in them is taken for a template.
/// </summary>
public sealed class HandlebarsRenderer : IMessageRenderer
{
    private readonly Dictionary<(string Template, Language Language), Compiled> compiled = [];

    /// <summary>A renderer of these templates.</summary>
    /// <exception cref="ArgumentException">Templates are not well formed or two have one name; the message lists all that is wrong.</exception>
    public HandlebarsRenderer(params IEnumerable<Template> templates)
    {
        var text = Strict(escape: false);
        var html = Strict(escape: true);
        var errors = new List<string>();
        foreach (var template in templates)
        {
            foreach (var language in Enum.GetValues<Language>())
            {
                try
                {
                    var subject = template.Subject is { } both ? text.Compile(both.In(language)) : null;
                    if (!compiled.TryAdd((template.Name, language), new Compiled(subject, (template.IsHtml ? html : text).Compile(template.Body.In(language)))) && language == Language.English)
                    {
                        errors.Add($"Two templates are named '{template.Name}'; one is expected.");
                    }
                }
                catch (Exception fault) when (fault is not OutOfMemoryException)
                {
                    // The compiler throws whatever its parser stumbles over.
                    errors.Add($"The template '{template.Name}' in {language} is not well formed: {fault.Message}");
                }
            }
        }

        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(templates));
        }
    }

    /// <inheritdoc/>
    public RenderedMessage Render(Message message, CustomerView customer, Language language)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(customer);
        if (!compiled.TryGetValue((message.Template, language), out var template))
        {
            throw new TemplateException(Reasons.NoTemplate, $"No template is named '{message.Template}'. There are: {string.Join(", ", compiled.Keys.Select(key => key.Template).Distinct().Order(StringComparer.Ordinal))}.");
        }

        var values = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["customer"] = Values(customer.Profile),
            ["message"] = Values(message.Parameters),
            ["facts"] = customer.Facts.ToDictionary(fact => fact.Name, fact => Value(fact.Value), StringComparer.Ordinal),
        };
        try
        {
            return new RenderedMessage(template.Subject?.Invoke(values), template.Body(values), language);
        }
        catch (HandlebarsUndefinedBindingException missing)
        {
            throw new TemplateException(Reasons.ValueMissing, $"The template '{message.Template}' names '{missing.Path}', and there is no '{missing.MissingKey}'.");
        }
    }

    private static IHandlebars Strict(bool escape) => Handlebars.Create(new HandlebarsConfiguration { ThrowOnUnresolvedBindingExpression = true, NoEscape = !escape });

    private static Dictionary<string, object> Values(Fields fields) => fields.ToDictionary(pair => pair.Key, pair => Value(pair.Value), StringComparer.Ordinal);

    // Flags stay flags, so that {{#if}} reads them.
    private static object Value(Scalar value) => value.Kind == ScalarKind.Flag ? value.AsFlag : value.ToString();

    private sealed record Compiled(HandlebarsTemplate<object, object>? Subject, HandlebarsTemplate<object, object> Body);
}
