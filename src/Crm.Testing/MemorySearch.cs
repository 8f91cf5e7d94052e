using System.Reflection;
using System.Text;
using Crm.Storage;

namespace Crm.Testing;

/// <summary>Searches all that a store in memory holds for a text, through every field of every object that can be reached from it.</summary>
public static class MemorySearch
{
    /// <summary>Finds a text, alone or within a longer one, or its UTF-8 bytes within an array of bytes.</summary>
    /// <returns>The types and fields in which it stands; empty: nowhere.</returns>
    public static IReadOnlyList<string> Find(ICustomerStore store, string text)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(text);
        var search = new Search(text);
        search.Visit(store, store.GetType().Name);
        return [.. search.Places.Distinct(StringComparer.Ordinal)];
    }

    private sealed class Search(string text)
    {
        private readonly byte[] bytes = Encoding.UTF8.GetBytes(text);
        private readonly HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<Type, FieldInfo[]> fields = [];
        private readonly Stack<(object Value, string Place)> open = [];

        public List<string> Places { get; } = [];

        public void Visit(object root, string place)
        {
            open.Push((root, place));
            while (open.TryPop(out var next))
            {
                Look(next.Value, next.Place);
            }
        }

        private void Look(object value, string place)
        {
            switch (value)
            {
                case string found:
                    Note(found.Contains(text, StringComparison.Ordinal), place);
                    return;
                case byte[] found:
                    Note(found.AsSpan().IndexOf(bytes) >= 0, place);
                    return;
                case Pointer or Type or Delegate or MemberInfo:
                    return;
            }

            if (value.GetType().IsPrimitive || (!value.GetType().IsValueType && !seen.Add(value)))
            {
                return;
            }

            if (value is Array array)
            {
                if (array.GetType().GetElementType() is { IsPrimitive: false })
                {
                    foreach (var item in array)
                    {
                        Later(item, place);
                    }
                }

                return;
            }

            foreach (var field in FieldsOf(value.GetType()))
            {
                Later(field.GetValue(value), $"{field.DeclaringType?.Name}.{field.Name}");
            }
        }

        private void Later(object? value, string place)
        {
            if (value is not null)
            {
                open.Push((value, place));
            }
        }

        private void Note(bool found, string place)
        {
            if (found)
            {
                Places.Add(place);
            }
        }

        private FieldInfo[] FieldsOf(Type type)
        {
            if (!fields.TryGetValue(type, out var known))
            {
                var all = new List<FieldInfo>();
                for (var level = type; level is not null && level != typeof(object); level = level.BaseType)
                {
                    all.AddRange(level.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                        .Where(field => !field.FieldType.IsPointer && !field.FieldType.IsPrimitive && !field.FieldType.IsByRefLike));
                }

                fields.Add(type, known = [.. all]);
            }

            return known;
        }
    }
}
