using System;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Crm.Privacy.Analyzers;

/// <summary>An analyzer of what a host has written by hand, compilation by compilation.</summary>
public abstract class HostAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public sealed override void Initialize(AnalysisContext context)
    {
        if (context is null)
        {
            throw new ArgumentNullException(nameof(context));
        }

        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(Begin);
    }

    /// <summary>Registers what is looked at; nothing where the compilation knows nothing of what is looked for.</summary>
    private protected abstract void Begin(CompilationStartAnalysisContext start);
}
