using System.Reflection;
using Crm.Tests.Shared;

namespace Crm.Packages.Tests.Api;

/// <summary>Nothing that a host may use comes, goes or changes unseen. CONTRIBUTING.md says how a change is accepted.</summary>
public sealed class PublicApi
{
    // A host writes no code against the tool, nor against analyzers.
    public static TheoryData<string> Packages => [.. Sources.Projects.Select(Path.GetFileNameWithoutExtension).OfType<string>().Where(name => name is not ("Crm.Tool" or "Crm.Privacy.Analyzers"))];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Of_every_package_is_what_was_approved(string package) => Snapshot.Match(ApiText.Of(Assembly.Load(package)), package);

    [Fact]
    public void A_type_is_told_with_everything_that_its_users_build_on() => Assert.Equal(
        """
        abstract record Crm.Packages.Tests.Api.Samples.Shape<T> : Samples.Parent, IComparable<Samples.Shape<T>> where T : class, new()
            abstract string? Describe<TOther>(TOther other, List<string?> names, string? title = default) where TOther : struct
            const int Most = 3
            int CompareTo(Samples.Shape<T>? other)
            protected new(T content)
            required string Name { get; init; }
            static bool TryRead(string text, out T? shape)
            virtual int? Sides { get; }
        """.ReplaceLineEndings("\n"),
        ApiText.Of([typeof(Samples.Shape<>)]));
}

/// <summary>Types to tell.</summary>
public static class Samples
{
    /// <summary>A parent.</summary>
    public abstract record Parent;

    /// <summary>A shape.</summary>
    public abstract record Shape<T> : Parent, IComparable<Shape<T>>
        where T : class, new()
    {
        public const int Most = 3;

        protected Shape(T content) => Content = content;

        private protected Shape() => Content = new T();

        public required string Name { get; init; }

        public virtual int? Sides => null;

        internal T Content { get; }

        public static bool TryRead(string text, out T? shape)
        {
            shape = text.Length == 0 ? null : new T();
            return shape is not null;
        }

        public int CompareTo(Shape<T>? other) => other is null ? 1 : string.CompareOrdinal(Name, other.Name);

        public abstract string? Describe<TOther>(TOther other, List<string?> names, string? title = null)
            where TOther : struct;
    }
}
