using System.Reflection;
using System.Runtime.CompilerServices;

namespace Crm.Packages.Tests.Api;

/// <summary>What others can see of an assembly, as text: a line for each type and member, in an order that depends on names alone.</summary>
internal static class ApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly) => Of(assembly.GetTypes().Where(IsSeen));

    public static string Of(IEnumerable<Type> types) => string.Join("\n\n", types.OrderBy(type => type.FullName, StringComparer.Ordinal).Select(Type));

    private static string Type(Type type)
    {
        var head = $"{ApiNames.Declared(type)}{Parents(type)}{ApiNames.Constraints(type.GetGenericArguments())}";
        return string.Join("\n    ", new[] { $"{Modifiers(type)} {head}" }.Concat(Members(type).Order(StringComparer.Ordinal)));
    }

    private static bool IsSeen(Type type) =>
        type.IsNested ? (type.IsNestedPublic || (!type.DeclaringType!.IsSealed && (type.IsNestedFamily || type.IsNestedFamORAssem))) && IsSeen(type.DeclaringType!) : type.IsPublic;

    private static string Modifiers(Type type)
    {
        var isRecord = type.GetMethod("<Clone>$", Declared) is not null;
        var isRecordStruct = type.IsValueType && type.GetMethod("PrintMembers", Declared) is { } print && IsMade(print);
        return type switch
        {
            { IsEnum: true } => $"enum {ApiNames.Of(Enum.GetUnderlyingType(type))}",
            { IsInterface: true } => "interface",
            _ when typeof(Delegate).IsAssignableFrom(type) => "delegate",
            { IsValueType: true } => $"{(type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}{(isRecordStruct ? "record struct" : "struct")}",
            { IsAbstract: true, IsSealed: true } => "static class",
            _ => $"{(type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "")}{(isRecord ? "record" : "class")}",
        };
    }

    private static string Parents(Type type)
    {
        if (type.IsEnum || typeof(Delegate).IsAssignableFrom(type))
        {
            return "";
        }

        var inherited = (type.BaseType?.GetInterfaces() ?? []).Concat(type.GetInterfaces().SelectMany(of => of.GetInterfaces())).ToHashSet();
        var parents = type.GetInterfaces()
            .Where(of => of.IsVisible && !inherited.Contains(of) && !(of.IsGenericType && of.GetGenericTypeDefinition() == typeof(IEquatable<>)))
            .Select(ApiNames.Of).Order(StringComparer.Ordinal);
        return type.BaseType is { } above && above != typeof(object) && above != typeof(ValueType) ? Listed(parents.Prepend(ApiNames.Of(above))) : Listed(parents);
    }

    private static string Listed(IEnumerable<string> parents) => parents.ToList() is { Count: > 0 } some ? $" : {string.Join(", ", some)}" : "";

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => $"{Convert.ToInt64(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture):D4} {field.Name}");
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return [ApiMembers.Of(type.GetMethod("Invoke")!)];
        }

        return type.GetConstructors(Declared).Where(of => !of.IsStatic && IsSeen(of) && !IsCopy(of)).Select(ApiMembers.Of)
            .Concat(type.GetFields(Declared).Where(of => !IsMade(of) && (of.IsPublic || (IsOpen(of.DeclaringType) && (of.IsFamily || of.IsFamilyOrAssembly)))).Select(ApiMembers.Of))
            .Concat(type.GetProperties(Declared).Where(of => of.Name != "EqualityContract" && of.GetAccessors(nonPublic: true).Any(IsSeen)).Select(of => ApiMembers.Of(of, IsSeen)))
            .Concat(type.GetEvents(Declared).Where(of => of.AddMethod is { } add && IsSeen(add)).Select(of => $"event {ApiNames.Of(of.EventHandlerType!)} {of.Name}"))
            .Concat(type.GetMethods(Declared).Where(of => IsSeen(of) && !IsMade(of) && (!of.IsSpecialName || of.Name.StartsWith("op_", StringComparison.Ordinal))).Select(ApiMembers.Of));
    }

    private static bool IsSeen(MethodBase of) => of.IsPublic || (IsOpen(of.DeclaringType) && (of.IsFamily || of.IsFamilyOrAssembly));

    private static bool IsOpen(Type? type) => type is { IsSealed: false, IsValueType: false };

    // What the compiler writes for records says nothing that "record" does not.
    private static bool IsMade(MemberInfo of) => of.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsCopy(ConstructorInfo of) => IsMade(of) || (of.GetParameters() is [{ } only] && only.ParameterType == of.DeclaringType && of.DeclaringType?.GetMethod("<Clone>$", Declared) is not null);
}
