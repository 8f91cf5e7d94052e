namespace Crm.Storage.Sql;

/// <summary>What differs between databases. One instance describes one of them; it has no state that changes.</summary>
public abstract class SqlDialect
{
    /// <summary>The database, such as "SQLite".</summary>
    public abstract string Name { get; }

    /// <summary>The most parameters that one statement may have.</summary>
    public abstract int MostParameters { get; }

    /// <summary>
    /// Whether one statement may join rows of different buckets. A distributed database keeps buckets on different machines: there a customer is found by identity, and a key's event by its key,
    /// in two statements instead of one, each of which stays within the buckets that it names.
    /// </summary>
    public virtual bool JoinsAcrossBuckets => true;

    /// <summary>Whether numbers of any length are compared exactly where they are stored. Elsewhere nobody is selected by a number of more than 15 digits.</summary>
    public virtual bool ComparesExactly => false;

    /// <summary>A question with one parameter, {0}: the name of a table. It has a row when the store's table of that name is there.</summary>
    public abstract string FindTable { get; }

    /// <summary>Statements that must come before the first table, inside the transaction that migrates; none by default.</summary>
    public virtual IEnumerable<string> BeforeMigration => [];

    /// <summary>A statement that makes other processes wait until the transaction ends, so that one migrates at a time; null where a transaction that writes does so anyway.</summary>
    public virtual string? LockForMigration => null;

    /// <summary>What begins the transaction of a script that somebody runs by hand (<see cref="SqlSchema.Script(SqlDialect)"/>).</summary>
    public virtual string BeginScript => "BEGIN";

    /// <summary>How a statement names its parameter; the first is 1.</summary>
    public virtual string Placeholder(int number) => $"@p{number.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>How a command names the same parameter; empty where parameters have places and no names.</summary>
    public virtual string ParameterName(int number) => Placeholder(number);

    /// <summary>How a statement names a table of the store, such as crm_customer; with its schema where the store has one.</summary>
    public virtual string Table(string name) => name;

    /// <summary>Statements that must follow the making of a table whose rows have a bucket, such as those that make its partitions; none by default.</summary>
    public virtual IEnumerable<string> AfterTable(string name) => [];

    /// <summary>Statements that this database needs beside those of a migration, run after them; none by default.</summary>
    /// <param name="version">The number of the migration.</param>
    public virtual IEnumerable<string> AfterMigration(int version) => [];

    /// <summary>How this database finds who was written into the ledger lately; null where it cannot: the versions of all customers are compared then.</summary>
    public virtual LedgerOrder? LedgerOrder => null;

    /// <summary>
    /// What stands for a word between braces in the SQL of the store: {text}, {int}, {bigint}, {decimal}, {number}, {blob}; {clustered} and {by-bucket} after a table;
    /// {skip-locked} after a question whose rows are about to be changed; {plain-text} the type that every value can be made; {binary} after a text that is to compare by its bytes;
    /// {not-plain} after a text, which asks whether it has anything but the letters of ASCII.
    /// </summary>
    /// <exception cref="ArgumentException">The word is none of these.</exception>
    public abstract string Word(string word);
}
