namespace Crm.Tests.Shared;

/// <summary>What shows that a law is worth something: a counterfeit, which the law has to catch.</summary>
internal static class Counterfeits
{
    private const int Rounds = 25;

    /// <summary>Runs a law over a counterfeit until it is refuted. The cases are drawn anew in each round, so that no run of the tests depends on the luck of one draw.</summary>
    /// <param name="law">Throws where it is refuted, with FsCheck's word for it; anything else that it throws is a fault of the law and comes through.</param>
    /// <exception cref="Xunit.Sdk.XunitException">The counterfeit passed in every round.</exception>
    public static void Caught(Action law)
    {
        for (var round = 0; round < Rounds; round++)
        {
            try
            {
                law();
            }
            catch (Exception refuted) when (refuted.Message.StartsWith("Falsifiable", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The law let the counterfeit pass in {Rounds} rounds.");
    }
}
