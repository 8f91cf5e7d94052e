namespace Crm.Storage.Sql;

/// <summary>What differs between databases. One instance describes one of them; it has no state.</summary>
public abstract class SqlDialect
{
    /// <summary>The database, such as "SQLite".</summary>
    public abstract string Name { get; }

    /// <summary>The most parameters that one statement may have.</summary>
    public abstract int MostParameters { get; }

    /// <summary>How a statement names its parameter; the first is 1.</summary>
    public virtual string Placeholder(int number) => $"@p{number.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>How a command names the same parameter; empty where parameters have places and no names.</summary>
    public virtual string ParameterName(int number) => Placeholder(number);

    /// <summary>What stands for a word between braces in the SQL of the store: {text}, {int}, {bigint}, {decimal}, {number}, {blob}, {clustered} and {skip-locked}.</summary>
    /// <exception cref="ArgumentException">The word is none of these.</exception>
    public abstract string Word(string word);

    /// <summary>A statement that makes other processes wait until the transaction ends, so that one migrates at a time; null where a transaction that writes does so anyway.</summary>
    public virtual string? LockForMigration => null;
}
