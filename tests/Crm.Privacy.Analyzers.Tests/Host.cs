using System.Collections.Immutable;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Privacy.Consents;
using Crm.Segmentation.Audiences;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using NodaTime;

namespace Crm.Privacy.Analyzers.Tests;

/// <summary>A host's code, compiled with an analyzer.</summary>
internal static class Host
{
    private const string Usings = """
        using System;
        using System.Threading;
        using System.Threading.Tasks;
        using Crm.Campaigns.Journeys;
        using Crm.Conditions;
        using Crm.Engine;
        using Crm.Modules;
        using Crm.Privacy.Consents;
        using Crm.Segmentation.Audiences;
        using Crm.Values;
        using NodaTime;

        """;

    // The packages, and the framework that the tests run on.
    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator)
            .Concat(new[] { typeof(Journey), typeof(If), typeof(ConsentEvents), typeof(Audience), typeof(Instant) }.Select(type => type.Assembly.Location))
            .Distinct(StringComparer.Ordinal).Select(path => (MetadataReference)MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>What an analyzer finds: "ID at code: message".</summary>
    public static async Task<List<string>> FindAsync(DiagnosticAnalyzer analyzer, string code, params (string Path, string Text)[] files)
    {
        var token = TestContext.Current.CancellationToken;
        var tree = CSharpSyntaxTree.ParseText(Usings + code, new CSharpParseOptions(LanguageVersion.Latest), cancellationToken: token);
        var compilation = CSharpCompilation.Create("Host", [tree], References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        Assert.Empty(compilation.GetDiagnostics(token).Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));

        var options = new AnalyzerOptions([.. files.Select(file => (AdditionalText)new File(file.Path, file.Text))]);
        var found = await compilation.WithAnalyzers([analyzer], options).GetAnalyzerDiagnosticsAsync(token);
        return [.. found.OrderBy(one => one.Location.SourceSpan.Start).Select(one => $"{one.Id} at {tree.GetText(token).ToString(one.Location.SourceSpan)}: {one.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}")];
    }

    private sealed class File(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
