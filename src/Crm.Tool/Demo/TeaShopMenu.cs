namespace Crm.Tool.Demo;

/// <summary>What the shop sells.</summary>
internal static class TeaShopMenu
{
    public const string Tea = "tea";
    public const string Snack = "snack";
    public const string Leaf = "leaf";

    /// <summary>By weight in an ordinary month; what cools sells more in summer.</summary>
    public static readonly (Article Item, int Weight)[] Summer = [.. Articles(warm: false)];

    /// <inheritdoc cref="Summer"/>
    public static readonly (Article Item, int Weight)[] Winter = [.. Articles(warm: true)];

    public static readonly (Article Item, int Weight)[] Snacks =
    [
        (new("egg-tart", Snack, 11_00), 5), (new("pineapple-bun", Snack, 9_00), 4), (new("sesame-roll", Snack, 14_00), 2), (new("mango-pudding", Snack, 26_00), 2),
    ];

    public static readonly (Article Item, int Weight)[] Leaves =
    [
        (new("pu-erh-100g", Leaf, 188_00), 2), (new("tieguanyin-50g", Leaf, 138_00), 3), (new("jasmine-50g", Leaf, 88_00), 3),
    ];

    private static IEnumerable<(Article, int)> Articles(bool warm) =>
    [
        (new("milk-tea", Tea, 24_00), warm ? 9 : 5),
        (new("oolong", Tea, 28_00), 5),
        (new("jasmine", Tea, 26_00), 4),
        (new("pu-erh", Tea, 32_00), warm ? 5 : 2),
        (new("lemon-tea-iced", Tea, 27_50), warm ? 2 : 9),
        (new("fruit-tea-iced", Tea, 36_00), warm ? 1 : 6),
    ];
}

/// <summary>An article.</summary>
/// <param name="Sku">Its name.</param>
/// <param name="Category">Its category.</param>
/// <param name="Cents">The price of one in cents of a Hong Kong dollar.</param>
internal sealed record Article(string Sku, string Category, int Cents);
