using Crm.Values;

namespace Crm.Privacy.Registers;

/// <summary>Holds registers against profiles.</summary>
internal static class RegisterCheck
{
    public static IEnumerable<RegisterGap> Gaps(DataRegister register, RegisterProfile profile) => Languages(register).Concat(Ids(register)).Concat(References(register)).Concat(profile switch
    {
        RegisterProfile.Publication => [],
        RegisterProfile.PdpoSchedule3 => Schedule3(register),
        RegisterProfile.Seed => Seed(register),
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, "A profile of registers is expected."),
    });

    // Cap. 486 Schedule 3, items (1) to (6).
    private static IEnumerable<RegisterGap> Schedule3(DataRegister register) => Contents(register)
        .Concat(Required("disclosures", register.Disclosures is not null, "The classes of persons to whom data is disclosed are not stated; an empty list states that there are none.", "未說明資料會向哪類人士披露；如不披露，請列明沒有。"))
        .Concat(Required("places", register.Places is not null, "The places outside Hong Kong that data goes to are not stated; an empty list states that there are none.", "未說明資料會轉移至香港以外哪些地方；如不轉移，請列明沒有。"))
        .Concat(Required("accessContact", register.AccessContact is not null, "The person to whom data access requests are made is not stated.", "未說明查閱資料要求的聯絡人。"));

    private static IEnumerable<RegisterGap> Seed(DataRegister register) => Contents(register)
        .Concat(Required("disclosures", register.Disclosures is not null, "Disclosures are not stated; an empty list states that there are none.", "未說明披露；如不披露，請列明沒有。"))
        .Concat(Required("protection", register.Protection is not null, "How the data is protected is not described.", "未說明如何保護資料。"));

    private static IEnumerable<RegisterGap> Contents(DataRegister register) =>
        Required("dataUser", register.DataUser is not null, "The data user, with name and address, is not stated.", "未說明資料使用者的名稱及地址。")
        .Concat(Required("kinds", !register.Kinds.IsEmpty, "No kind of personal data is stated.", "未說明個人資料種類。"))
        .Concat(Required("purposes", !register.Purposes.IsEmpty, "No purpose is stated.", "未說明目的。"));

    private static IEnumerable<RegisterGap> Languages(DataRegister register) => Texts(register).SelectMany(text => new[]
    {
        (Missing: string.IsNullOrWhiteSpace(text.Value.English), Language: "en", English: "The English text is missing.", Chinese: "缺英文。"),
        (Missing: string.IsNullOrWhiteSpace(text.Value.Chinese), Language: "zh-Hant", English: "The Traditional Chinese text is missing.", Chinese: "缺繁體中文。"),
    }.Where(found => found.Missing).Select(found => new RegisterGap($"{text.Path}.{found.Language}", new Text(found.English, found.Chinese))));

    private static IEnumerable<RegisterGap> Ids(DataRegister register)
    {
        if (!Names.IsName(register.Id))
        {
            yield return new("id", new("An id of lower-case letters, digits, '-', '_' and '.' is expected.", "識別碼只可用小寫英文字母、數字、「-」、「_」及「.」。"));
        }

        if (register.Version < 1)
        {
            yield return new("version", new("Versions count from 1.", "版本由 1 起計。"));
        }

        if (register.Supersedes >= register.Version)
        {
            yield return new("supersedes", new("A version replaces an earlier one.", "新版本只可取代較早的版本。"));
        }

        if (register.DataUser is { Contact: var contact } && string.IsNullOrWhiteSpace(contact))
        {
            yield return new("dataUser.contact", new("The contact is missing.", "缺聯絡方法。"));
        }

        foreach (var list in new[] { ("kinds", register.Kinds.Select(kind => kind.Id)), ("purposes", register.Purposes.Select(purpose => purpose.Id)), ("dataSubjects", register.DataSubjects.Select(group => group.Id)) })
        {
            foreach (var id in list.Item2.CountBy(id => id).Where(id => id.Value > 1 || !PurposeCatalog.IsId(id.Key)))
            {
                yield return new($"{list.Item1}[{id.Key}]", id.Value > 1
                    ? new($"The id comes {id.Value} times; once is expected.", $"識別碼重複 {id.Value} 次。")
                    : new("An id of lower-case letters, digits, '-' and '_' is expected.", "識別碼只可用小寫英文字母、數字、「-」及「_」。"));
            }
        }
    }

    private static IEnumerable<RegisterGap> References(DataRegister register)
    {
        var purposes = register.Purposes.Select(purpose => purpose.Id).ToHashSet(StringComparer.Ordinal);
        var kinds = register.Kinds.Select(kind => kind.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var kind in register.Kinds)
        {
            foreach (var unknown in kind.Purposes.Where(id => !purposes.Contains(id)))
            {
                yield return Unknown($"kinds[{kind.Id}].purposes", unknown, purposes);
            }

            if (kind.Purposes.IsEmpty)
            {
                yield return new($"kinds[{kind.Id}].purposes", new("The kind is used for no purpose; what is not needed is not collected.", "此類資料沒有用途；不需要的資料不應收集。"));
            }

            if (kind is { Obligation: Obligation.Obligatory, Consequence: null })
            {
                yield return new($"kinds[{kind.Id}].consequence", new("The kind is obligatory; what happens to those who do not supply it is expected.", "此類資料必須提供，須說明不提供的後果。"));
            }

            if (kind.Retention is null)
            {
                yield return new($"kinds[{kind.Id}].retention", new("How long the kind is kept is not stated.", "未說明保留多久。"));
            }
            else if (kind.Retention.Months < 0)
            {
                yield return new($"kinds[{kind.Id}].retention", new($"It is kept for {kind.Retention.Months} months; 0 or more are expected.", "保留月數不可少於 0。"));
            }
        }

        foreach (var (disclosure, index) in (register.Disclosures ?? []).Select((disclosure, index) => (disclosure, index)))
        {
            foreach (var unknown in disclosure.Kinds.Where(id => !kinds.Contains(id)))
            {
                yield return Unknown($"disclosures[{index}].kinds", unknown, kinds);
            }
        }
    }

    private static IEnumerable<(string Path, Text Value)> Texts(DataRegister register)
    {
        var texts = new List<(string Path, Text? Value)>
        {
            ("name", register.Name),
            ("dataUser.name", register.DataUser?.Name),
            ("dataUser.address", register.DataUser?.Address),
            ("accessContact.who", register.AccessContact?.Who),
            ("accessContact.address", register.AccessContact?.Address),
            ("protection", register.Protection?.Text),
            ("rights", register.Rights?.Text),
            ("rights.fee", register.Rights?.Fee),
        };
        texts.AddRange(register.DataSubjects.Select(group => ($"dataSubjects[{group.Id}]", (Text?)group.Text)));
        texts.AddRange(register.Purposes.Select(purpose => ($"purposes[{purpose.Id}]", (Text?)purpose.Text)));
        foreach (var kind in register.Kinds)
        {
            texts.Add(($"kinds[{kind.Id}]", kind.Text));
            texts.Add(($"kinds[{kind.Id}].source", kind.Source));
            texts.Add(($"kinds[{kind.Id}].consequence", kind.Consequence));
            texts.Add(($"kinds[{kind.Id}].retention.trigger", kind.Retention?.Trigger));
        }

        texts.AddRange((register.Disclosures ?? []).Select((disclosure, index) => ($"disclosures[{index}].to", (Text?)disclosure.To)));
        foreach (var (place, index) in (register.Places ?? []).Select((place, index) => (place, index)))
        {
            texts.Add(($"places[{index}]", place.Place));
            texts.Add(($"places[{index}].safeguard", place.Safeguard));
        }

        return texts.Where(text => text.Value is not null).Select(text => (text.Path, text.Value.GetValueOrDefault()));
    }

    private static RegisterGap Unknown(string path, string id, IEnumerable<string> known)
    {
        var all = string.Join(", ", known.Order(StringComparer.Ordinal));
        return new(path, new($"'{id}' is not in the register. There are: {all}.", $"登記冊沒有「{id}」。現有：{all}。"));
    }

    private static IEnumerable<RegisterGap> Required(string path, bool stated, string english, string chinese)
    {
        if (!stated)
        {
            yield return new RegisterGap(path, new Text(english, chinese));
        }
    }
}
