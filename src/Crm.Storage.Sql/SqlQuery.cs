namespace Crm.Storage.Sql;

/// <summary>A question, with who takes the rows of its answer.</summary>
/// <param name="Call">The question; where its rows are too many for one statement, the answers follow each other.</param>
/// <param name="Take">Is given each row of the answer; the reader is good until the next row.</param>
public sealed record SqlQuery(SqlCall Call, Action<SqlReader> Take)
{
    /// <summary>A question whose answer is a list.</summary>
    /// <param name="call">The question.</param>
    /// <param name="answers">Gets what is read.</param>
    /// <param name="read">Reads a row.</param>
    public static SqlQuery Into<T>(SqlCall call, List<T> answers, Func<SqlReader, T> read)
    {
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(read);
        return new SqlQuery(call, row => answers.Add(read(row)));
    }
}
