using System.Globalization;
using System.Text;
using Crm.Values;
using NodaTime.Text;

namespace Crm.Privacy.Registers;

/// <summary>Renders registers for everyone to read.</summary>
public static class RegisterMarkdown
{
    /// <summary>The register in one language. The same register always gives the same text.</summary>
    /// <exception cref="RegisterNotPublishableException">A language or a reference is missing; both languages are needed to publish either.</exception>
    public static string Render(DataRegister register, Language language)
    {
        ArgumentNullException.ThrowIfNull(register);
        var gaps = register.Validate(RegisterProfile.Publication);
        return gaps.IsEmpty ? new Page(register, language).Write() : throw new RegisterNotPublishableException(register.Id, gaps);
    }

    private sealed class Page(DataRegister register, Language language)
    {
        private readonly StringBuilder page = new();

        public string Write()
        {
            Line($"# {Of(register.Name)}");
            Line();
            Head();
            List<DataSubjectGroup>(new("Whom the data is about", "資料當事人"), register.DataSubjects, group => Of(group.Text));
            List<Purpose>(new("What the data is used for", "目的"), register.Purposes, purpose => $"{Of(purpose.Text)}{Say(UseOf(purpose.Use))}");
            Kinds();
            List(new("To whom it is disclosed", "披露"), register.Disclosures, Disclosed);
            List(new("Where it goes outside Hong Kong", "香港以外地方"), register.Places, place => $"{Of(place.Place)}{Say(ModalityOf(place.Modality))}{(place.Safeguard is { } safeguard ? Colon + Of(safeguard) : "")}");
            Paragraph(new("How it is protected", "保護措施"), register.Protection?.Text);
            Paragraph(new("Your rights", "閣下的權利"), register.Rights?.Text);
            if (register.Rights is { } rights)
            {
                Line();
                Line($"{Say(new("Fee", "費用"))}{Colon}{(rights.Fee is { } fee ? Of(fee) : Say(new("none", "免費")))}");
            }

            return page.ToString();
        }

        private string Colon => language == Language.TraditionalChinese ? "：" : ": ";

        private string Pause => language == Language.TraditionalChinese ? "，" : ", ";

        // Between the items of a list.
        private string Comma => language == Language.TraditionalChinese ? "、" : ", ";

        private void Head()
        {
            Entry(new("Version", "版本"), register.Version.ToString(CultureInfo.InvariantCulture) + (register.Supersedes is { } earlier ? Say(new($" (replaces version {earlier})", $"（取代版本 {earlier}）")) : ""));
            Entry(new("Valid from", "生效日期"), LocalDatePattern.Iso.Format(register.ValidFrom));
            if (register.NextReview is { } review)
            {
                Entry(new("Next review", "下次覆檢"), LocalDatePattern.Iso.Format(review));
            }

            if (register.DataUser is { } user)
            {
                Entry(new("Data user", "資料使用者"), $"{Of(user.Name)}{Pause}{Of(user.Address)}{Pause}{Escaped(user.Contact)}");
            }

            if (register.AccessContact is { } contact)
            {
                Entry(new("Data access requests to", "查閱資料要求請交"), $"{Of(contact.Who)}{Pause}{Of(contact.Address)}");
            }
        }

        private void Kinds()
        {
            Heading(new("Kinds of personal data", "個人資料種類"));
            Line(Say(new("| Kind | Fields | Source | Used for | Supplying it | Kept |", "| 種類 | 欄位 | 來源 | 用途 | 是否必須提供 | 保留期 |")));
            Line("| --- | --- | --- | --- | --- | --- |");
            foreach (var kind in register.Kinds)
            {
                var purposes = register.Purposes.Where(purpose => kind.Purposes.Contains(purpose.Id)).Select(purpose => Of(purpose.Text));
                var fields = kind.Fields.IsEmpty ? "–" : string.Join(Comma, kind.Fields.Select(Escaped));
                Line($"| {Of(kind.Text)} | {fields} | {Of(kind.Source)} | {string.Join(Comma, purposes)} | {Supplying(kind)} | {(kind.Retention is { } retention ? Kept(retention) : "–")} |");
            }
        }

        private string Supplying(KindOfPersonalData kind) =>
            Say(kind.Obligation == Obligation.Obligatory ? new("obligatory", "必須") : new("voluntary", "自願")) + (kind.Consequence is { } consequence ? Colon + Of(consequence) : "");

        private string Kept(Retention retention)
        {
            var trigger = Of(retention.Trigger);
            var disposal = Say(retention.Disposal == Disposal.Erased ? new("then erased", "其後刪除") : new("then unlinked from the person", "其後切斷與個人的聯繫"));
            return retention.Months == 0
                ? Say(new($"until {trigger}, {disposal}", $"直至{trigger}，{disposal}"))
                : Say(new($"{retention.Months} {(retention.Months == 1 ? "month" : "months")} after {trigger}, {disposal}", $"{trigger}後 {retention.Months} 個月，{disposal}"));
        }

        private string Disclosed(Disclosure disclosure)
        {
            var kinds = string.Join(Comma, register.Kinds.Where(kind => disclosure.Kinds.Contains(kind.Id)).Select(kind => Of(kind.Text)));
            var gain = disclosure.ForGain ? Say(new(" (for gain)", "（為得益）")) : "";
            return $"{Of(disclosure.To)}{Say(ModalityOf(disclosure.Modality))}{(kinds.Length == 0 ? "" : Colon + kinds)}{gain}";
        }

        private static Text UseOf(PurposeUse use) => use switch
        {
            PurposeUse.Marketing => new(" (direct marketing, only with your consent)", "（直接促銷，只在閣下同意後）"),
            PurposeUse.Internal => new(" (no messages)", "（不發訊息）"),
            _ => new("", ""),
        };

        private static Text ModalityOf(Modality modality) => modality switch
        {
            Modality.Does => new("", ""),
            Modality.Intends => new(" (intended)", "（擬）"),
            Modality.MayWish => new(" (possible)", "（或會）"),
            _ => throw new ArgumentOutOfRangeException(nameof(modality), modality, "A modality is expected."),
        };

        // Null is not stated, so nothing is said; empty is said.
        private void List<T>(Text heading, Sequence<T>? items, Func<T, string> line)
        {
            if (items is not { } stated)
            {
                return;
            }

            Heading(heading);
            foreach (var item in stated)
            {
                Line($"- {line(item)}");
            }

            if (stated.IsEmpty)
            {
                Line(Say(new("None.", "沒有。")));
            }
        }

        private void Paragraph(Text heading, Text? text)
        {
            if (text is { } stated)
            {
                Heading(heading);
                Line(Of(stated));
            }
        }

        private void Heading(Text heading)
        {
            Line();
            Line($"## {Say(heading)}");
            Line();
        }

        private void Entry(Text name, string value) => Line($"- **{Say(name)}**{Colon}{value}");

        private string Say(Text ours) => ours.In(language);

        private string Of(Text theirs) => Escaped(theirs.In(language).Trim());

        // What people wrote is text, not Markdown.
        private static string Escaped(string text)
        {
            var escaped = new StringBuilder(text.Length);
            foreach (var character in text.ReplaceLineEndings(" "))
            {
                escaped.Append(character is '\\' or '|' or '*' or '_' or '`' or '<' or '[' or ']' or '#' ? "\\" : "").Append(character);
            }

            return escaped.ToString();
        }

        private void Line(string text = "") => page.Append(text).Append('\n');
    }
}
