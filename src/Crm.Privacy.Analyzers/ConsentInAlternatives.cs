using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Crm.Privacy.Analyzers;

/// <summary>
/// Finds conditions in which consent is asked for in some parts of an "or" and not in others: <c>If.Fact("consent.email.marketing").Is("granted") | If.Fact("loyalty.tea-club.tier").Is("gold")</c>.
/// Looks at conditions as they are written; a part that comes from a variable is taken for one without consent.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ConsentInAlternatives : HostAnalyzer
{
    private const string ConsentScope = "consent.";

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => ImmutableArray.Create(Rules.ConsentInAlternatives);

    /// <inheritdoc/>
    private protected override void Begin(CompilationStartAnalysisContext start)
    {
        if (start.Compilation.GetTypeByMetadataName("Crm.Conditions.Condition") is { } condition)
        {
            start.RegisterOperationAction(operation => Look(operation, condition), OperationKind.Binary, OperationKind.Invocation, OperationKind.ObjectCreation);
        }
    }

    private static void Look(OperationAnalysisContext context, INamedTypeSymbol condition)
    {
        var operation = context.Operation;
        if (!IsAlternatives(operation, condition) || (operation is IBinaryOperation && operation.Parent is IBinaryOperation outer && IsAlternatives(outer, condition)))
        {
            return;
        }

        var parts = PartsOf(operation, condition).ToList();
        var asking = parts.Count(part => AsksForConsent(part, condition));
        if (asking > 0 && asking < parts.Count)
        {
            context.ReportDiagnostic(Diagnostic.Create(Rules.ConsentInAlternatives, operation.Syntax.GetLocation(), asking, parts.Count));
        }
    }

    private static bool IsAlternatives(IOperation operation, INamedTypeSymbol condition) => operation switch
    {
        IBinaryOperation binary => binary.OperatorKind == BinaryOperatorKind.Or && IsCondition(binary.Type, condition),
        IInvocationOperation { TargetMethod: var method } => method.Name == "Any" && method.ContainingType is { Name: "If" } type && IsIn(type, condition.ContainingNamespace),
        IObjectCreationOperation { Type: { Name: "Any" } type } => IsCondition(type, condition),
        _ => false,
    };

    // The alternatives as they are written: the sides of a chain of "|", or whatever conditions are handed over.
    private static IEnumerable<IOperation> PartsOf(IOperation operation, INamedTypeSymbol condition)
    {
        foreach (var child in operation.ChildOperations)
        {
            if (operation is IBinaryOperation && child is IBinaryOperation && IsAlternatives(child, condition))
            {
                foreach (var part in PartsOf(child, condition))
                {
                    yield return part;
                }
            }
            else if (Unconverted(child) is { } part && IsCondition(part.Type, condition))
            {
                yield return part;
            }
            else
            {
                foreach (var further in PartsOf(child, condition))
                {
                    yield return further;
                }
            }
        }
    }

    // An "or" asks for it when each of its parts does, everything else when some part does.
    private static bool AsksForConsent(IOperation operation, INamedTypeSymbol condition) =>
        IsAlternatives(operation, condition) ? PartsOf(operation, condition).All(part => AsksForConsent(part, condition))
        : IsConsentFact(operation) || operation.ChildOperations.Any(child => AsksForConsent(child, condition));

    private static bool IsConsentFact(IOperation operation) => operation switch
    {
        IInvocationOperation { TargetMethod: { Name: "Fact", ContainingType.Name: "If" } } named => named.Arguments.Any(argument => NamesConsent(argument.Value)),
        IObjectCreationOperation { Type: { Name: "Fact", ContainingType.Name: "Condition" } } made => made.Arguments.Any(argument => NamesConsent(argument.Value)),
        _ => false,
    };

    private static bool NamesConsent(IOperation name) =>
        name is { ConstantValue: { HasValue: true, Value: string text } } ? text.StartsWith(ConsentScope, StringComparison.Ordinal)
        : name is IInvocationOperation { TargetMethod: { Name: "Fact", ContainingType.Name: "ConsentEvents" } }
            || (name is IInterpolatedStringOperation interpolated && interpolated.Parts.FirstOrDefault() is IInterpolatedStringTextOperation { Text.ConstantValue.Value: string beginning } && beginning.StartsWith(ConsentScope, StringComparison.Ordinal));

    private static IOperation Unconverted(IOperation operation) => operation is IConversionOperation { IsImplicit: true } conversion ? Unconverted(conversion.Operand) : operation;

    private static bool IsCondition(ITypeSymbol? type, INamedTypeSymbol condition)
    {
        for (var one = type; one is not null; one = one.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(one, condition))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsIn(INamedTypeSymbol type, INamespaceSymbol where) => SymbolEqualityComparer.Default.Equals(type.ContainingNamespace, where);
}
