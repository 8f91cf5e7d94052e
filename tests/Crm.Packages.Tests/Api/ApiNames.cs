using System.Reflection;

namespace Crm.Packages.Tests.Api;

/// <summary>Types by the names that C# has for them; references that may be null have a '?'.</summary>
internal static class ApiNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(decimal)] = "decimal", [typeof(double)] = "double", [typeof(float)] = "float",
    };

    /// <summary>The name of a type that is declared, whole.</summary>
    public static string Declared(Type type) => type.IsNested
        ? $"{Declared(type.DeclaringType!)}.{Bare(type)}{Arguments(Own(type))}"
        : $"{type.Namespace}.{Bare(type)}{Arguments(type.GetGenericArguments())}";

    /// <summary>The name of a type that is used; namespaces stay away where no two of ours share a name.</summary>
    public static string Of(Type type) => Of(type, null);

    public static string Of(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
        {
            return Of(type.GetElementType()!, nullability?.ElementType ?? nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Of(value, nullability?.GenericTypeArguments is [{ } inner] ? inner : null) + "?";
        }

        var mark = !type.IsValueType && nullability is { } known && (known.ReadState == NullabilityState.Nullable || known.WriteState == NullabilityState.Nullable) ? "?" : "";
        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword + mark;
        }

        if (type.IsGenericParameter)
        {
            return type.Name + mark;
        }

        var own = Own(type);
        var arguments = type.GetGenericArguments();
        var infos = nullability?.GenericTypeArguments;
        var names = own.Select((argument, i) => Of(argument, infos is { } all && all.Length == arguments.Length ? all[arguments.Length - own.Length + i] : null));
        var name = $"{Bare(type)}{(own.Length == 0 ? "" : $"<{string.Join(", ", names)}>")}{mark}";
        return type.IsNested ? $"{Of(type.DeclaringType!)}.{name}" : name;
    }

    /// <summary>What type parameters must be.</summary>
    public static string Constraints(IEnumerable<Type> parameters) => string.Concat(parameters.Where(parameter => parameter.IsGenericParameter).Select(parameter =>
    {
        var kind = parameter.GenericParameterAttributes;
        string[] special =
        [
            kind.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? "struct" : kind.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? "class" : "",
            .. parameter.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(Of).Order(StringComparer.Ordinal),
            kind.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !kind.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? "new()" : "",
        ];
        var all = special.Where(part => part.Length > 0).ToList();
        return all.Count == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", all)}";
    }));

    private static Type[] Own(Type type)
    {
        var outer = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        return type.IsGenericParameter ? [] : type.GetGenericArguments()[outer..];
    }

    private static string Arguments(Type[] own) => own.Length == 0 ? "" : $"<{string.Join(", ", own.Select(Variance))}>";

    private static string Variance(Type parameter) => (parameter.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
    {
        GenericParameterAttributes.Covariant => "out ",
        GenericParameterAttributes.Contravariant => "in ",
        _ => "",
    } + parameter.Name;

    private static string Bare(Type type) => type.Name.Split('`')[0];
}
