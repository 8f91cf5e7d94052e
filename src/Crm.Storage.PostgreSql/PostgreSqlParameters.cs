using Crm.Storage.Sql;
using Npgsql;
using NpgsqlTypes;

namespace Crm.Storage.PostgreSql;

/// <summary>Parameters of one batch, and when that is over of another: how values of its type are written, the driver looks up once for each parameter, and not for each statement.</summary>
internal sealed class PostgreSqlParameters
{
    // Of each type, some times as many as a commit of one customer has. What a batch has beyond is its own.
    private const int MostKept = 256;

    private readonly Kept<NpgsqlParameter<long>> whole = new(SqlType.Whole);
    private readonly Kept<NpgsqlParameter<string>> characters = new(SqlType.Characters);
    private readonly Kept<NpgsqlParameter<byte[]>> bytes = new(SqlType.Bytes);
    private readonly Kept<NpgsqlParameter<decimal>> exact = new(SqlType.Exact);
    private readonly Kept<NpgsqlParameter>[] missing = [.. Enum.GetValues<SqlType>().Select(type => new Kept<NpgsqlParameter>(type))];

    /// <summary>How the driver calls a type.</summary>
    public static NpgsqlDbType TypeOf(SqlType type) => type switch
    {
        SqlType.Whole => NpgsqlDbType.Bigint,
        SqlType.Bytes => NpgsqlDbType.Bytea,
        SqlType.Exact => NpgsqlDbType.Numeric,
        _ => NpgsqlDbType.Text,
    };

    /// <summary>A parameter with a value, which nobody else gets before <see cref="Clear"/>.</summary>
    public NpgsqlParameter Of(SqlValue value, SqlType type)
    {
        if (value.IsNull)
        {
            var none = missing[(int)type].Next();
            none.Value ??= DBNull.Value;
            return none;
        }

        return type switch
        {
            SqlType.Whole => With(whole.Next(), value.AsWhole),
            SqlType.Bytes => With(bytes.Next(), value.AsBytes),
            SqlType.Exact => With(exact.Next(), value.AsDecimal),
            _ => With(characters.Next(), value.AsText),
        };
    }

    /// <summary>Forgets the values and begins anew. No command may have the parameters any more.</summary>
    public void Clear()
    {
        whole.Clear(static parameter => parameter.TypedValue = 0);
        characters.Clear(static parameter => parameter.TypedValue = null);
        bytes.Clear(static parameter => parameter.TypedValue = null);
        exact.Clear(static parameter => parameter.TypedValue = 0);
        Array.ForEach(missing, static kept => kept.Clear(static _ => { }));
    }

    private static NpgsqlParameter<T> With<T>(NpgsqlParameter<T> parameter, T value)
    {
        parameter.TypedValue = value;
        return parameter;
    }

    private sealed class Kept<T>(SqlType type)
        where T : NpgsqlParameter, new()
    {
        private readonly List<T> all = [];
        private int used;

        public T Next()
        {
            if (used < all.Count)
            {
                return all[used++];
            }

            var parameter = new T { NpgsqlDbType = TypeOf(type) };
            if (used < MostKept)
            {
                all.Add(parameter);
                used++;
            }

            return parameter;
        }

        public void Clear(Action<T> forget)
        {
            for (var i = 0; i < used; i++)
            {
                forget(all[i]);
            }

            used = 0;
        }
    }
}
