using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Privacy.Marketing;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Privacy.Tests;

/// <summary>A host with privacy, a module that sends an offer and a receipt for every purchase, and a channel that remembers what left.</summary>
internal sealed class TeaShop
{
    public static readonly Identity Amy = Identity.User("amy");
    public static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(number => (byte)number)];

    public TeaShop(Action<PrivacyBuilder>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IClock>(Clock).AddSingleton<IIdSource>(new SeededIdSource()).AddSingleton<IMessageChannel>(Mail);
        services.AddCrm(crm => crm
            .UseStore(_ => Store)
            .AddPrivacy(configure ?? (privacy => privacy.Register(Samples.Register).OptOutList(Key)))
            .AddModule(new Mailing()));
        Services = services.BuildServiceProvider();
        Engine = Services.GetRequiredService<CrmEngine>();
    }

    public FakeClock Clock { get; } = FakeClock.At(2026, 6, 1);

    public InMemoryStore Store { get; } = new();

    public Mailbox Mail { get; } = new();

    public ServiceProvider Services { get; }

    public CrmEngine Engine { get; }

    public SuppressionList OptOuts => Services.GetRequiredService<SuppressionList>();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask<Receipt> RecordAsync(CustomerEvent happened) => Engine.RecordAsync(happened, Cancelled);

    /// <summary>A purchase, with which the e-mail address comes into the profile.</summary>
    public ValueTask<Receipt> BuyAsync(string key, string? email = "amy@example.com") => RecordAsync(CustomerEvent.Purchase(key, Amy, Money.Hkd(52)) with
    {
        Profile = email is null ? default : Fields.Of(("email", email)),
    });

    public async Task<CustomerView> ReadAsync() => await Engine.ReadAsync(CustomerRef.Of(Amy), Cancelled) ?? throw new InvalidOperationException("Amy is nobody.");

    /// <summary>Lets messages leave, and lists what came back: "kind occasion reason".</summary>
    public async Task<List<string>> PumpAsync()
    {
        var before = (await ReadAsync()).Version;
        Clock.Advance(Duration.FromSeconds(1));
        await Engine.PumpAsync(cancellationToken: Cancelled);
        var outcomes = new List<string>();
        await foreach (var entry in Store.ReadJournalAsync((await ReadAsync()).Customer, before, Cancelled))
        {
            outcomes.Add($"{entry.Event.Kind} {entry.Event.Fields["occasion"]} {entry.Event.Fields["reason"]}".TrimEnd());
        }

        outcomes.Sort(StringComparer.Ordinal);
        return outcomes;
    }

    internal sealed class Mailbox : IMessageChannel
    {
        public string Name => "email";

        public List<string> Left { get; } = [];

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Left.Add(message.Occasion);
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }

    private sealed class Nothing
    {
        public static Nothing Known { get; } = new();
    }

    private sealed class NothingCodec : SlotCodec<Nothing>
    {
        public override int Version => 1;

        public override Nothing Empty => Nothing.Known;

        protected override void Write(Nothing state, SlotWriter writer) => writer.Whole(0);

        protected override Nothing Read(int version, ref SlotReader reader) => Nothing.Known;
    }

    private sealed class Mailing : CustomerModule<Nothing>
    {
        public override ModuleContract Contract { get; } = new() { Name = "mailing", Codec = new NothingCodec(), Handles = [EventKinds.PurchaseName] };

        protected override Outcome Handle(Nothing state, ModuleContext context) => new Outcome.Accepted
        {
            Messages = [Of("offer", "marketing", context), Of("receipt", Purpose.ServiceId, context)],
        };

        private static Message Of(string template, string purpose, ModuleContext context) => new()
        {
            Occasion = $"{template}/{context.Cause.Value}",
            Channel = "email",
            Template = template,
            Purpose = purpose,
            Brand = (context.Stimulus as Stimulus.Happened)?.Event.Brand,
            DecidedAt = context.Moment.Instant,
            UsefulUntil = context.Moment.Instant + Duration.FromDays(30),
        };
    }
}
