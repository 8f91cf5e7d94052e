using System;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Crm.Privacy.Analyzers;

/// <summary>Finds code that hands messages to a channel itself. Only a channel that wraps another one may.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class PastTheGate : HostAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => ImmutableArray.Create(Rules.PastTheGate);

    /// <inheritdoc/>
    private protected override void Begin(CompilationStartAnalysisContext start)
    {
        if (start.Compilation.GetTypeByMetadataName("Crm.Engine.IMessageChannel") is { } channel && channel.GetMembers("SendAsync").OfType<IMethodSymbol>().FirstOrDefault() is { } send)
        {
            start.RegisterOperationAction(operation => Look(operation, channel, send), OperationKind.Invocation);
        }
    }

    private static void Look(OperationAnalysisContext context, INamedTypeSymbol channel, IMethodSymbol send)
    {
        var called = ((IInvocationOperation)context.Operation).TargetMethod;
        if (Sends(called, channel, send) && !IsChannel(context.ContainingSymbol.ContainingType, channel))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rules.PastTheGate, context.Operation.Syntax.GetLocation(), context.ContainingSymbol.Name));
        }
    }

    private static bool Sends(IMethodSymbol called, INamedTypeSymbol channel, IMethodSymbol send) =>
        SymbolEqualityComparer.Default.Equals(called.OriginalDefinition, send)
        || (IsChannel(called.ContainingType, channel) && SymbolEqualityComparer.Default.Equals(called.ContainingType.FindImplementationForInterfaceMember(send), called));

    private static bool IsChannel(INamedTypeSymbol? type, INamedTypeSymbol channel) => type is not null && type.AllInterfaces.Contains(channel, SymbolEqualityComparer.Default);
}
