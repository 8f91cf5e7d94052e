using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Crm.Loyalty.Accounts;
using Crm.Tool.Books;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using Text = Crm.Values.Text;

namespace Crm.Tool.Commands;

/// <summary>crm loyalty certify: whether the books add up, signed where a key is given.</summary>
internal static class CertifyCommand
{
    private static readonly string[] Header = ["account", "issued", "spent", "expired", "reversed", "transferred", "available", "pending", "reserved", "debt"];

    public static Command Create(IClock clock)
    {
        var common = new CommonOptions();
        var export = File("--export", "A file that the lines of the ledger are written to, for docs/certify/recheck.py; with a book, those that are new.");
        var book = File("--book", "A file that keeps what was said of each customer: where it is there, the count goes on from it and reads only what is new, of the store and of the file. Written when all adds up.");
        var written = File("--certificate", "A file that the certificate is written to, as text; with --key the signature goes into FILE.sig.");
        var key = File("--key", "A key in PEM over P-256 or another curve: private to sign, public to check.");
        var check = File("--check", "A certificate whose signature (FILE.sig) is checked with --key; with --store also whether the store still comes to the same.");
        var command = new Command("certify", "Adds up the ledger and hashes its lines: every unit is spent, gone or there, and what is owed is named. Exit code 4 when it does not add up, or a signature does not fit.") { export, book, written, key, check };
        common.AddStoreTo(command, required: false).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            if (parsed.GetValue(check) is { } checkedFile)
            {
                return await CheckAsync(checkedFile, parsed.GetValue(key), common.HasStore(parsed) ? common.Store(parsed) : null, output, cancellationToken);
            }

            var (to, privateKey) = (parsed.GetValue(written), parsed.GetValue(key));
            if (privateKey is not null && to is null)
            {
                throw ToolException.Usage("--key was given without --certificate FILE, which says where the signed certificate goes, or --check FILE.");
            }

            using var signer = privateKey is null ? null : Read(privateKey);
            var location = common.Store(parsed);
            await using var store = await OpenedStore.OpenAsync(location, OpenMode.OnlyLook, cancellationToken);
            await using var kept = parsed.GetValue(book) is { } path ? CertificationBook.Open(path, location.Tenant) : null;
            var certificate = await CountAsync(store, parsed.GetValue(export), kept, cancellationToken);
            if (to is not null)
            {
                await WriteAsync(certificate, location.Tenant, clock.GetCurrentInstant(), to, signer, cancellationToken);
            }

            // The book comes last: what it has is never exported again.
            if (kept is not null)
            {
                await kept.SaveAsync(cancellationToken);
            }

            Show(output, certificate);
            return certificate.Faults.IsEmpty ? ExitCode.Done : ExitCode.Fault;
        });
        return command.WithExamples(
            "crm loyalty certify --store shop.db",
            "crm loyalty certify --store shop.db --export ledger.tsv --json",
            "crm loyalty certify --store shop.db --book shop.book --certificate november.txt --key private.pem",
            "crm loyalty certify --check november.txt --key public.pem");
    }

    private static Option<string?> File(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    /// <summary>Counts, and ends when all lines of the export are on the disk.</summary>
    private static async Task<Certificate> CountAsync(OpenedStore store, string? export, CertificationBook? book, CancellationToken cancellationToken)
    {
        await using var file = export is null ? null : NamedFile.Create(export);
        await using var lines = file is null ? null : new StreamWriter(file) { NewLine = "\n" };
        var certification = new Certification(store.Ledger) { Line = lines is null ? null : lines.WriteLine };
        try
        {
            var certificate = book is null ? await certification.CountAsync(cancellationToken) : await certification.CountAsync(book, cancellationToken);
            if (lines is not null)
            {
                await lines.FlushAsync(cancellationToken);
            }

            file?.Flush(flushToDisk: true);
            return certificate;
        }
        catch (ChangedBookException changed)
        {
            throw ToolException.Input($"The book '{book?.Name}' was changed: {changed.Message} Certify with a new one, which counts everything.");
        }
    }

    private static async Task WriteAsync(Certificate certificate, string of, Instant at, string file, ECDsa? key, CancellationToken cancellationToken)
    {
        if (key is null)
        {
            await WriteAsync(file, Encoding.UTF8.GetBytes(SignedCertificate.TextOf(certificate, of, at)), cancellationToken);
            return;
        }

        try
        {
            var signed = SignedCertificate.Sign(certificate, of, at, key);
            await WriteAsync(file, Encoding.UTF8.GetBytes(signed.Text), cancellationToken);
            await WriteAsync($"{file}.sig", signed.Signature.ToArray(), cancellationToken);
        }
        catch (CryptographicException)
        {
            throw ToolException.Input("The key given with --key cannot sign: a private key is expected.");
        }
    }

    private static async Task WriteAsync(string file, byte[] content, CancellationToken cancellationToken)
    {
        await using var stream = NamedFile.Create(file);
        await stream.WriteAsync(content, cancellationToken);
    }

    private static async Task<int> CheckAsync(string file, string? publicKey, StoreLocation? location, ToolOutput output, CancellationToken cancellationToken)
    {
        using var key = Read(publicKey ?? throw ToolException.Usage("--check was given without --key FILE: the public key of who signed."));
        SignedCertificate signed;
        try
        {
            signed = new SignedCertificate(NamedFile.Text(file), NamedFile.Bytes($"{file}.sig").ToSequence());
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Input($"A certificate and its signature beside it, in FILE.sig, are expected: {missing.Message}");
        }

        var isSigned = signed.IsSignedBy(key);
        bool? same = null;
        if (location is not null)
        {
            await using var store = await OpenedStore.OpenAsync(location, OpenMode.OnlyLook, cancellationToken);
            same = signed.Says(await new Certification(store.Ledger).CountAsync(cancellationToken));
        }

        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteBoolean("signed", isSigned);
                    if (same is { } equal)
                    {
                        json.WriteBoolean("same", equal);
                    }
                });
                break;
            case OutputForm.Csv:
                output.Csv([["signed", "same"], [isSigned ? "true" : "false", same switch { true => "true", false => "false", null => "" }]]);
                break;
            default:
                output.Line((isSigned ? new Text("The certificate is signed by this key, and unchanged.", "證明由此密鑰簽署，內容未經更改。") : new Text("The certificate is not signed by this key, or was changed.", "證明並非由此密鑰簽署，或內容已被更改。")).In(output.Language));
                if (same is { } comes)
                {
                    output.Line((comes ? new Text("The store comes to the same.", "與資料庫相符。") : new Text("The store comes to something else now.", "與資料庫現時的結果不符。")).In(output.Language));
                }

                break;
        }

        return isSigned && same != false ? ExitCode.Done : ExitCode.Fault;
    }

    private static ECDsa Read(string file)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(NamedFile.Text(file));
            return key;
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw ToolException.Input($"'{file}' holds no key: {wrong.Sentence()} A key for ECDSA in PEM without a password is expected, as 'openssl ecparam -name prime256v1 -genkey -noout' makes it.");
        }
    }

    private static void Show(ToolOutput output, Certificate certificate)
    {
        var rows = certificate.Accounts.Select(account => account.Account).Zip(certificate.Accounts.Select(account => Sums(account.Sums))).ToList();
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteNumber("customers", certificate.Customers);
                    json.WriteNumber("entries", certificate.Entries);
                    json.WriteString("head", certificate.Head);
                    json.WriteStartArray("accounts");
                    foreach (var (account, sums) in rows)
                    {
                        json.WriteStartObject();
                        json.WriteString(Header[0], account);
                        for (var i = 0; i < sums.Length; i++)
                        {
                            json.WriteNumber(Header[i + 1], sums[i]);
                        }

                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    json.WriteStartArray("faults");
                    foreach (var fault in certificate.Faults)
                    {
                        json.WriteStringValue(fault);
                    }

                    json.WriteEndArray();
                });
                break;
            case OutputForm.Csv:
                output.Csv(rows.Select(Cells).Prepend(Header));
                break;
            default:
                LoyaltyCommand.Table(output, [.. Header.Select(name => new Text(name, name))], [.. rows.Select(Cells)]);
                output.Line(new Text($"{certificate.Entries} entries, head {certificate.Head}", $"{certificate.Entries} 筆，根雜湊 {certificate.Head}").In(output.Language));
                break;
        }

        foreach (var fault in certificate.Faults)
        {
            output.Message(fault);
        }
    }

    private static string[] Cells((string Account, long[] Sums) row) => [row.Account, .. row.Sums.Select(LoyaltyCommand.Whole)];

    private static long[] Sums(UnitAccount sums) => [sums.Issued, sums.Spent, sums.Expired, sums.Reversed, sums.Transferred, sums.Available, sums.Pending, sums.Reserved, sums.Debt];
}
