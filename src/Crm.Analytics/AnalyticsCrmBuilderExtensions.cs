using Crm.Analytics.Figures;

namespace Crm.Analytics;

/// <summary>Adds figures of customers to a host.</summary>
public static class AnalyticsCrmBuilderExtensions
{
    /// <summary>Keeps figures of each customer as facts (<see cref="FigureNames"/>); before the segments and journeys that read them.</summary>
    /// <exception cref="ArgumentException">Something is wrong with the definition; the message lists all of it.</exception>
    public static CrmBuilder AddAnalytics(this CrmBuilder builder, CustomerFigures figures)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddModule(new FiguresModule(figures));
    }
}
