using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;

namespace Crm.Privacy.Analyzers;

/// <summary>
/// Finds purposes that are used and that no data register of the project has. A project without a register, that is without an additional file that ends with ".register.json", is not looked at.
/// A register that cannot be read is the business of whoever loads it; it is passed over here.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class UnregisteredPurpose : HostAnalyzer
{
    private const string RegisterEnding = ".register.json";

    // The purpose of messages that belong to the service itself needs no entry.
    private const string Service = "service";

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => ImmutableArray.Create(Rules.UnregisteredPurpose);

    /// <inheritdoc/>
    private protected override void Begin(CompilationStartAnalysisContext start)
    {
        var registers = start.Options.AdditionalFiles.Where(file => file.Path.EndsWith(RegisterEnding, StringComparison.OrdinalIgnoreCase)).ToList();
        var declared = registers.Select(file => PurposesOf(file.GetText(start.CancellationToken))).OfType<ImmutableHashSet<string>>().ToList();
        if (declared.Count == 0)
        {
            return;
        }

        var known = declared.SelectMany(one => one).Append(Service).ToImmutableSortedSet(StringComparer.Ordinal);
        var files = string.Join(", ", registers.Select(file => Path.GetFileName(file.Path)).OrderBy(name => name, StringComparer.Ordinal));
        var found = new ConcurrentBag<(string Purpose, Location Where)>();
        start.RegisterOperationAction(operation => Look((IArgumentOperation)operation.Operation, known, found), OperationKind.Argument);
        start.RegisterOperationAction(operation => Look((ISimpleAssignmentOperation)operation.Operation, known, found), OperationKind.SimpleAssignment);
        start.RegisterCompilationEndAction(end =>
        {
            foreach (var (purpose, where) in found)
            {
                end.ReportDiagnostic(Diagnostic.Create(Rules.UnregisteredPurpose, where, purpose, files, $"there are: {string.Join(", ", known)}."));
            }
        });
    }

    // What is handed to a parameter "purpose" of a package of ours is the id of a purpose.
    private static void Look(IArgumentOperation argument, ImmutableSortedSet<string> known, ConcurrentBag<(string Purpose, Location Where)> found)
    {
        if (argument.Parameter is { } parameter && string.Equals(parameter.Name, "purpose", StringComparison.OrdinalIgnoreCase) && IsOurs(parameter))
        {
            Note(argument.Value, known, found);
        }
    }

    private static void Look(ISimpleAssignmentOperation assignment, ImmutableSortedSet<string> known, ConcurrentBag<(string Purpose, Location Where)> found)
    {
        if (assignment.Target is IPropertyReferenceOperation { Property: { Name: "Purpose" } property } && IsOurs(property))
        {
            Note(assignment.Value, known, found);
        }
    }

    private static void Note(IOperation value, ImmutableSortedSet<string> known, ConcurrentBag<(string Purpose, Location Where)> found)
    {
        if (value is { ConstantValue: { HasValue: true, Value: string purpose } } && !known.Contains(purpose))
        {
            found.Add((purpose, value.Syntax.GetLocation()));
        }
    }

    private static bool IsOurs(ISymbol symbol) => symbol.ContainingAssembly?.Name is { } assembly && assembly.StartsWith("Crm.", StringComparison.Ordinal);

    // The ids under "purposes"; null for what is no JSON object.
    private static ImmutableHashSet<string>? PurposesOf(SourceText? text)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            using var reader = JsonReaderWriterFactory.CreateJsonReader(Encoding.UTF8.GetBytes(text.ToString()), XmlDictionaryReaderQuotas.Max);
            return XDocument.Load(reader).Root?.Element("purposes")?.Elements().Select(purpose => purpose.Element("id")?.Value).OfType<string>().ToImmutableHashSet(StringComparer.Ordinal);
        }
        catch (XmlException)
        {
            return null;
        }
    }
}
