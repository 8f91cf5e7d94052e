namespace Crm.Tests.Shared;

/// <summary>What shows that a law is worth something: a counterfeit, which the law has to catch.</summary>
internal static class Counterfeits
{
    private const int Rounds = 25;

    /// <summary>
    /// Runs a law over a counterfeit until it is refuted. The cases are drawn anew in each round, so that no run of the tests depends on the luck of one draw.
    /// Only what the law claims refutes: an assertion, or a property that is false. A counterfeit over which the law breaks down shows nothing about what the law claims.
    /// </summary>
    /// <param name="law">Throws where it is refuted, with FsCheck's word for it; anything else that it throws is a fault of the law or of the counterfeit and comes through.</param>
    /// <exception cref="Xunit.Sdk.XunitException">The counterfeit passed in every round.</exception>
    public static void Caught(Action law) => Caught(law, IsClaim);

    /// <summary>The same where what is under test guards itself: the counterfeit is refuted by the guard too, which throws an exception of its own.</summary>
    /// <typeparam name="TGuard">What the guard throws, and nothing else does.</typeparam>
    /// <param name="law">Throws where it is refuted.</param>
    /// <exception cref="Xunit.Sdk.XunitException">The counterfeit passed in every round.</exception>
    public static void CaughtBy<TGuard>(Action law)
        where TGuard : Exception => Caught(law, reason => IsClaim(reason) || reason.StartsWith($"{typeof(TGuard).FullName}:", StringComparison.Ordinal));

    private static void Caught(Action law, Func<string, bool> refutes)
    {
        for (var round = 0; round < Rounds; round++)
        {
            try
            {
                law();
            }
            catch (Exception refuted) when (refuted.Message.StartsWith("Falsifiable", StringComparison.Ordinal) && refutes(Reason(refuted.Message)))
            {
                return;
            }
        }

        Assert.Fail($"The law let the counterfeit pass in {Rounds} rounds.");
    }

    private static bool IsClaim(string reason) =>
        reason.StartsWith("Xunit.Sdk.", StringComparison.Ordinal) || reason.StartsWith("System.Exception: Expected true, got false.", StringComparison.Ordinal);

    // FsCheck keeps no inner exception: its word ends with the text of the one that ended the property, that of a task within another.
    private static string Reason(string word)
    {
        var reason = word.Split("with exception:", 2)[^1].TrimStart();
        return reason.StartsWith(typeof(AggregateException).FullName!, StringComparison.Ordinal) ? reason.Split(" ---> ", 2)[^1] : reason;
    }
}
