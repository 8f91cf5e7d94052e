using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Crm.Packages.Tests.Api;

/// <summary>Members as C# declares them, without what their types say already.</summary>
internal static class ApiMembers
{
    private static readonly NullabilityInfoContext Nullability = new();

    public static string Of(ConstructorInfo of) => $"{(of.IsPublic ? "" : "protected ")}new({Parameters(of)})";

    public static string Of(FieldInfo of) => of.IsLiteral
        ? $"const {ApiNames.Of(of.FieldType)} {of.Name} = {Constant(of.GetRawConstantValue())}"
        : $"{(of.IsPublic ? "" : "protected ")}{(of.IsStatic ? "static " : "")}{(of.IsInitOnly ? "readonly " : "")}{ApiNames.Of(of.FieldType, Nullability.Create(of))} {of.Name}";

    public static string Of(PropertyInfo of, Func<MethodBase, bool> isSeen)
    {
        var get = of.GetMethod is { } reads && isSeen(reads) ? reads : null;
        var set = of.SetMethod is { } writes && isSeen(writes) ? writes : null;
        var isInit = set?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        var name = of.GetIndexParameters().Length == 0 ? of.Name : $"this[{Parameters(of.GetIndexParameters())}]";
        var accessor = get ?? set!;
        return $"{Modifiers(accessor)}{(of.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "")}{ApiNames.Of(of.PropertyType, Nullability.Create(of))} {name} {{ {(get is null ? "" : "get; ")}{(set is null ? "" : isInit ? "init; " : "set; ")}}}";
    }

    public static string Of(MethodInfo of)
    {
        var parameters = of.GetGenericArguments();
        var generic = parameters.Length == 0 ? "" : $"<{string.Join(", ", parameters.Select(parameter => parameter.Name))}>";
        var byReference = of.ReturnType.IsByRef ? "ref " : "";
        return $"{Modifiers(of)}{byReference}{ApiNames.Of(of.ReturnType, Nullability.Create(of.ReturnParameter))} {of.Name}{generic}({Parameters(of)}){ApiNames.Constraints(parameters)}";
    }

    private static string Modifiers(MethodInfo of)
    {
        var isOfInterface = of.DeclaringType is { IsInterface: true };
        return (of.IsPublic ? "" : "protected ") + (of.IsStatic ? "static " : "") + (of switch
        {
            { IsAbstract: true } => isOfInterface ? of.IsStatic ? "abstract " : "" : "abstract ",
            { IsVirtual: true, IsFinal: false } when of.GetBaseDefinition() != of => "override ",
            { IsVirtual: true, IsFinal: false } => of.DeclaringType is { IsSealed: true } ? "" : "virtual ",
            _ => "",
        });
    }

    private static string Parameters(MethodBase of) => (of.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + Parameters(of.GetParameters());

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(parameter =>
        (parameter switch
        {
            { IsOut: true } => "out ",
            { ParameterType.IsByRef: true, IsIn: true } => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ when parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) => "params ",
            _ => "",
        })
        + $"{ApiNames.Of(parameter.ParameterType, Nullability.Create(parameter))} {parameter.Name}"
        + (parameter.HasDefaultValue ? $" = {Constant(parameter.RawDefaultValue)}" : "")));

    private static string Constant(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
