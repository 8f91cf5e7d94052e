using System.Text.Json;
using Spectre.Console;
using Text = Crm.Values.Text;

namespace Crm.Tool.Commands;

/// <summary>Rows that are written as a list of objects, as CSV or as a table.</summary>
/// <param name="Name">What the list is called in JSON.</param>
/// <param name="Columns">The columns.</param>
/// <param name="Rows">The cells, one for each column: numbers, texts, or null.</param>
internal sealed record ResultTable(string Name, IReadOnlyList<ResultColumn> Columns, IReadOnlyList<object?[]> Rows)
{
    /// <summary>Writes the rows in the form that was asked for.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="before">What the JSON object says besides.</param>
    public void Write(ToolOutput output, Action<Utf8JsonWriter>? before = null)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    before?.Invoke(json);
                    WriteTo(json);
                });
                break;
            case OutputForm.Csv:
                output.Csv(Rows.Select(row => row.Select(Cell).ToArray()).Prepend([.. Columns.Select(column => column.Name)]));
                break;
            default:
                var table = new Table();
                foreach (var column in Columns)
                {
                    table.AddColumn(Markup.Escape(column.Title.In(output.Language)));
                }

                foreach (var row in Rows)
                {
                    table.AddRow([.. row.Select(cell => Markup.Escape(Cell(cell)))]);
                }

                output.Show(table);
                break;
        }
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartArray(Name);
        foreach (var row in Rows)
        {
            json.WriteStartObject();
            for (var i = 0; i < Columns.Count; i++)
            {
                switch (row[i])
                {
                    case long number:
                        json.WriteNumber(Columns[i].Name, number);
                        break;
                    case decimal share:
                        json.WriteNumber(Columns[i].Name, share);
                        break;
                    case null:
                        json.WriteNull(Columns[i].Name);
                        break;
                    default:
                        json.WriteString(Columns[i].Name, Cell(row[i]));
                        break;
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Cell(object? cell) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{cell}");
}

/// <summary>A column.</summary>
/// <param name="Name">In JSON and CSV.</param>
/// <param name="Title">In tables.</param>
internal sealed record ResultColumn(string Name, Text Title);
