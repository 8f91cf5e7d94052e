using System.Text.Json;
using Crm.Values;

namespace Crm.Privacy.Registers;

/// <summary>Writes a register's parts in their fixed order.</summary>
internal sealed class RegisterWriter(Utf8JsonWriter json)
{
    public void Write(DataRegister register)
    {
        json.WriteStartObject();
        json.WriteString("id", register.Id);
        Text("name", register.Name);
        json.WriteNumber("version", register.Version);
        json.WriteString("validFrom", RegisterJson.Format(register.ValidFrom));
        if (register.Supersedes is { } supersedes)
        {
            json.WriteNumber("supersedes", supersedes);
        }

        if (register.NextReview is { } review)
        {
            json.WriteString("nextReview", RegisterJson.Format(review));
        }

        if (register.DataUser is { } user)
        {
            json.WriteStartObject("dataUser");
            Text("name", user.Name);
            Text("address", user.Address);
            json.WriteString("contact", user.Contact);
            json.WriteEndObject();
        }

        if (register.AccessContact is { } contact)
        {
            json.WriteStartObject("accessContact");
            Text("who", contact.Who);
            Text("address", contact.Address);
            json.WriteEndObject();
        }

        List<DataSubjectGroup>("dataSubjects", register.DataSubjects, group =>
        {
            json.WriteString("id", group.Id);
            Text("text", group.Text);
        });
        List<KindOfPersonalData>("kinds", register.Kinds, Kind);
        List<Purpose>("purposes", register.Purposes, purpose =>
        {
            json.WriteString("id", purpose.Id);
            Text("text", purpose.Text);
            Word("use", purpose.Use);
        });
        List("disclosures", register.Disclosures, disclosure =>
        {
            Text("to", disclosure.To);
            Word("modality", disclosure.Modality);
            Codes("kinds", disclosure.Kinds);
            json.WriteBoolean("forGain", disclosure.ForGain);
        });
        List("places", register.Places, place =>
        {
            Text("place", place.Place);
            Word("modality", place.Modality);
            Text("safeguard", place.Safeguard);
        });
        Text("protection", register.Protection?.Text);
        if (register.Rights is { } rights)
        {
            json.WriteStartObject("rights");
            Text("text", rights.Text);
            Text("fee", rights.Fee);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void Kind(KindOfPersonalData kind)
    {
        json.WriteString("id", kind.Id);
        Text("text", kind.Text);
        Codes("fields", kind.Fields);
        Text("source", kind.Source);
        Codes("purposes", kind.Purposes);
        Word("obligation", kind.Obligation);
        Text("consequence", kind.Consequence);
        if (kind.Retention is { } retention)
        {
            json.WriteStartObject("retention");
            json.WriteNumber("months", retention.Months);
            Text("trigger", retention.Trigger);
            Word("disposal", retention.Disposal);
            json.WriteEndObject();
        }
    }

    private void Text(string name, Text? text)
    {
        if (text is { } stated)
        {
            json.WriteStartObject(name);
            json.WriteString("en", stated.English);
            json.WriteString("zh-Hant", stated.Chinese);
            json.WriteEndObject();
        }
    }

    private void Word<T>(string name, T value)
        where T : struct, Enum => json.WriteString(name, JsonNamingPolicy.CamelCase.ConvertName(value.ToString()));

    private void Codes(string name, Sequence<string> codes)
    {
        json.WriteStartArray(name);
        foreach (var code in codes)
        {
            json.WriteStringValue(code);
        }

        json.WriteEndArray();
    }

    private void List<T>(string name, Sequence<T>? items, Action<T> write)
    {
        if (items is not { } stated)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var item in stated)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
