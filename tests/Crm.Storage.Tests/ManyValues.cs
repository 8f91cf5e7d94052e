using System.Buffers;
using Crm.Storage.Sql;

namespace Crm.Storage.Tests;

/// <summary>The values of many rows on their way into a statement, whose room goes from one call to the next.</summary>
public sealed class ManyValues
{
    private static readonly SqlStatement Pairs = new("INSERT INTO crm_fact (tenant, number) VALUES {rows}", [SqlType.Characters, SqlType.Whole]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2_047)]
    [InlineData(2_048)]
    [InlineData(2_049)]
    [InlineData(10_000)]
    public void Rows_are_read_in_the_order_in_which_they_were_added_however_many(int rows)
    {
        var call = Filled(rows);

        Assert.Equal(rows, call.Rows);
        Assert.Equal(Expected(rows), call.Values(0, rows).ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2_048)]
    [InlineData(10_000)]
    public void A_call_whose_rows_are_forgotten_takes_others_and_knows_nothing_of_those_before(int rows)
    {
        var call = Filled(rows);
        call.Clear();

        Assert.Equal(0, call.Rows);
        Assert.Equal([new SqlValue[] { "other", 7 }], [call.Add("other", 7).Values(0, 1).ToArray()]);
    }

    [Fact]
    public void Two_calls_never_share_room()
    {
        var first = Filled(3_000);
        first.Clear();
        var (second, third) = (Filled(3_000), Filled(3_000));
        third.Clear();

        Assert.Equal(Expected(3_000), second.Values(0, 3_000).ToArray());
    }

    [Fact]
    public void Nothing_that_was_sent_stays_in_the_room_that_is_given_back()
    {
        Filled(3_000).Clear();

        var room = ArrayPool<SqlValue>.Shared.Rent(4_096);

        Assert.All(room, value => Assert.True(value.IsNull));
        ArrayPool<SqlValue>.Shared.Return(room);
    }

    private static SqlCall Filled(int rows)
    {
        var call = new SqlCall(Pairs);
        for (var row = 0; row < rows; row++)
        {
            call.Add("club", row);
        }

        return call;
    }

    private static IEnumerable<SqlValue> Expected(int rows) => Enumerable.Range(0, rows).SelectMany(row => new SqlValue[] { "club", row });
}
