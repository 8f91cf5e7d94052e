using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>Conditions written in C# say what they seem to say.</summary>
public sealed class IfTests
{
    [Fact]
    public void A_condition_in_code_is_the_one_in_json()
    {
        var condition =
            If.Field("customer.region").Is("HK")
            & If.Purchases().Where(If.Field("event.channel").OneOf("web", "app")).InLast(Duration.FromDays(90)).Count().AtLeast(3)
            & (If.Fact("loyalty.tier").WhenMissing(true).IsNot("gold") | !If.On(IsoDayOfWeek.Sunday, IsoDayOfWeek.Saturday))
            & If.Purchases().Where(If.Field("line.category").Is("tea")).Where(If.Field("line.quantity").MoreThan(1)).SumOfSpend(Currency.Hkd).LessThan(1000)
            & If.Hours(new LocalTime(18, 0), new LocalTime(2, 0));

        const string json = """
            {"all":[
              {"field":"customer.region","is":{"eq":"HK"},"whenMissing":false},
              {"count":"purchase","where":{"field":"event.channel","is":{"in":["web","app"]},"whenMissing":false},"window":{"last":"P90D"},"is":{"gte":3}},
              {"any":[{"not":{"fact":"loyalty.tier","is":{"eq":"gold"},"whenMissing":false}},{"not":{"on":["saturday","sunday"]}}]},
              {"sum":"spend","currency":"HKD","of":"purchase","where":{"all":[{"field":"line.category","is":{"eq":"tea"},"whenMissing":false},{"field":"line.quantity","is":{"gt":1},"whenMissing":false}]},
               "window":"lifetime","is":{"lt":1000}},
              {"hours":{"from":"18:00","until":"02:00"}}]}
            """;
        Assert.Equal(ConditionJson.Write(ConditionJson.Read(json).Condition!), ConditionJson.Write(condition));
        Assert.Empty(ConditionCheck.Check(condition));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_missing_value_gets_the_stated_answer_from_every_question(bool answer)
    {
        var question = answer ? If.Field("event.nothing").WhenMissing(true) : If.Field("event.nothing");
        var evidence = new TestEvidence(new Moment(Arbitrary.Start, DateTimeZone.Utc));

        Assert.All(
            [question.Is(1), question.IsNot(1), question.MoreThan(1), question.AtLeast(1), question.LessThan(1), question.AtMost(1), question.OneOf(1, 2)],
            condition => Assert.Equal(answer, Evaluator.Evaluate(condition, evidence).Value));
        Assert.False(Evaluator.Evaluate(question.IsKnown, evidence).Value);
    }
}
