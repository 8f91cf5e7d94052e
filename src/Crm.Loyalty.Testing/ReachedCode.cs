using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Crm.Loyalty.Testing;

/// <summary>
/// The compiled code that an object may reach: its own members and those of the objects that it holds, what they call, make, and keep for later as delegates. A member that may be overridden counts with all that overrides it in what is made
/// or held, so rather too much is looked at than too little.
/// </summary>
/// <param name="follows">Whether the code of a type is looked into; what it does not look into is named where it is called.</param>
internal sealed class ReachedCode(Func<Type, bool> follows)
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields().Select(field => field.GetValue(null)).OfType<OpCode>().ToDictionary(code => code.Value & 0xFFFF);

    // What .NET calls of whatever it is given.
    private readonly HashSet<string> called = new(StringComparer.Ordinal) { "MoveNext", "get_Current", "GetEnumerator", "Compare", "CompareTo", "Equals", "GetHashCode" };
    private readonly Queue<MethodBase> next = new();
    private readonly HashSet<(Module, int)> reached = [];
    private readonly HashSet<object> held = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Type> begun = [];
    private readonly HashSet<Type> made = [];
    private readonly List<MethodBase> waiting = [];

    /// <summary>All calls of the code, each with the method that it is in; a null stands for code that cannot be looked at, because it is native or made at run time.</summary>
    public IEnumerable<(MethodBase By, MethodBase? Called)> CallsFrom(object root)
    {
        ArgumentNullException.ThrowIfNull(root);
        foreach (var type in Bases(root.GetType()))
        {
            foreach (var member in type.GetMembers(Own).OfType<MethodBase>().Where(member => member is { IsConstructor: true } or { IsVirtual: true }))
            {
                Reach(member);
            }
        }

        Hold(root);
        while (next.TryDequeue(out var method))
        {
            if (method.DeclaringType is null || method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
            {
                yield return (method, null);
                continue;
            }

            foreach (var call in CallsIn(method))
            {
                yield return (method, call);
            }
        }
    }

    private List<MethodBase?> CallsIn(MethodBase method)
    {
        var calls = new List<MethodBase?>();
        var il = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        var typeArguments = method.DeclaringType is { IsGenericType: true } generic ? generic.GetGenericArguments() : null;
        var arguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < il.Length;)
        {
            var code = OpCodesByValue[il[at] == 0xFE ? 0xFE00 | il[at + 1] : il[at]];
            at += code.Size;
            var operand = il.AsSpan(at);
            switch (code.OperandType)
            {
                case OperandType.InlineMethod when method.Module.ResolveMethod(BinaryPrimitives.ReadInt32LittleEndian(operand), typeArguments, arguments) is { } call:
                    calls.Add(call);
                    Call(call, makes: code == OpCodes.Newobj);
                    break;
                case OperandType.InlineField when method.Module.ResolveField(BinaryPrimitives.ReadInt32LittleEndian(operand), typeArguments, arguments) is { IsStatic: true, DeclaringType: { } type }:
                    Begin(type);
                    break;
                case OperandType.InlineType when method.Module.ResolveType(BinaryPrimitives.ReadInt32LittleEndian(operand), typeArguments, arguments) is { IsValueType: true } value:
                    Make(value);
                    break;
                case OperandType.InlineSig:
                    calls.Add(null);
                    break;
            }

            at += SizeOf(code.OperandType, operand);
        }

        return calls;
    }

    private void Call(MethodBase method, bool makes)
    {
        if (method.DeclaringType is not { } type)
        {
            return;
        }

        Reach(method);
        Begin(type);
        if (makes)
        {
            Make(type);
        }

        foreach (var argument in (type.IsGenericType ? type.GetGenericArguments() : []).Concat(method.IsGenericMethod ? method.GetGenericArguments() : []))
        {
            Make(argument);
        }

        if (method.IsVirtual && called.Add(NameOf(method)))
        {
            waiting.Where(one => NameOf(one) == NameOf(method)).ToList().ForEach(Reach);
        }
    }

    // Each method once, whatever it is instantiated with.
    private void Reach(MethodBase method)
    {
        if (method.DeclaringType is not { } type)
        {
            next.Enqueue(method);
        }
        else if (follows(type) && reached.Add((method.Module, method.MetadataToken)) && method.Module.ResolveMethod(method.MetadataToken) is { } definition)
        {
            next.Enqueue(definition);
        }
    }

    // The code that sets up what is static.
    private void Begin(Type type)
    {
        if (begun.Add(type) && type.TypeInitializer is { } initializer)
        {
            Reach(initializer);
        }
    }

    // What is made may be handed to .NET, which calls whatever it asks for.
    private void Make(Type type)
    {
        if (type.IsGenericParameter || type.HasElementType || !made.Add(type))
        {
            return;
        }

        Begin(type);
        foreach (var method in Overridable(type))
        {
            if (IsFromElsewhere(type, method))
            {
                Reach(method);
            }

            Offer(method);
        }
    }

    // What is held was made by somebody else: what of it is called is seen where it is called.
    private void Hold(object? thing)
    {
        if (thing is null or string or Type or MemberInfo or Assembly || thing.GetType() is not { IsPrimitive: false, IsEnum: false, IsPointer: false } type || !held.Add(thing))
        {
            return;
        }

        if (thing is Delegate kept)
        {
            foreach (var one in kept.GetInvocationList())
            {
                Reach(one.Method);
                Hold(one.Target);
            }
        }
        else if (thing is Array items)
        {
            foreach (var item in items)
            {
                Hold(item);
            }
        }
        else if (follows(type) || type.IsGenericType)
        {
            foreach (var method in Overridable(type))
            {
                Offer(method);
            }

            foreach (var field in Hierarchy(type).SelectMany(level => level.GetFields(Own)).Where(field => !field.IsStatic && !field.FieldType.IsPointer))
            {
                Hold(field.GetValue(thing));
            }
        }
    }

    private void Offer(MethodBase method)
    {
        waiting.Add(method);
        if (called.Contains(NameOf(method)))
        {
            Reach(method);
        }
    }

    private IEnumerable<MethodInfo> Overridable(Type type) => Bases(type).SelectMany(level => level.GetMethods(Own)).Where(method => method is { IsVirtual: true, IsAbstract: false });

    private IEnumerable<Type> Bases(Type type) => Hierarchy(type).Where(follows);

    private static IEnumerable<Type> Hierarchy(Type type)
    {
        for (var level = type; level is not null; level = level.BaseType)
        {
            yield return level;
        }
    }

    private bool IsFromElsewhere(Type type, MethodInfo method) =>
        method.GetBaseDefinition().DeclaringType is { } first && !follows(first)
        || (!type.IsInterface && type.GetInterfaces().Where(known => !follows(known)).Any(known => type.GetInterfaceMap(known).TargetMethods.Any(target => target?.Module == method.Module && target.MetadataToken == method.MetadataToken)));

    // A member that implements one of an interface by name has the interface's before its own.
    private static string NameOf(MethodBase method) => method.Name[(method.Name.LastIndexOf('.') + 1)..];

    private static int SizeOf(OperandType operand, ReadOnlySpan<byte> il) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BinaryPrimitives.ReadInt32LittleEndian(il)),
        _ => 4,
    };
}
