using Crm.Engine;
using Crm.Loyalty.Memberships;
using Crm.Values;

namespace Crm.Loyalty.Members;

/// <summary>
/// The advocates of a programme, with the friends whom they brought and what those have bought: gathered from customers as read, such as those of <see cref="CrmEngine.ReadAllAsync(CancellationToken)"/>,
/// in any order. A friend is on one advocate's account, and what came back is off it, but for programmes without cascade.
/// </summary>
public sealed class AdvocateList
{
    private readonly Dictionary<CustomerId, List<BroughtFriend>> friends = [];
    private readonly string program;

    /// <summary>A list of one programme, still empty.</summary>
    /// <param name="program">The programme.</param>
    public AdvocateList(string program)
    {
        ArgumentException.ThrowIfNullOrEmpty(program);
        this.program = program;
    }

    /// <summary>Takes a customer; one whom nobody brought changes nothing. Each is taken once.</summary>
    public void Add(CustomerView customer)
    {
        ArgumentNullException.ThrowIfNull(customer);
        foreach (var module in new[] { Programs.LoyaltyNames.Module, Programs.LoyaltyNames.KeepingModule })
        {
            if (customer.SlotOrNull<LoyaltyState>(module)?.In(program).Referral is { } referral)
            {
                if (!friends.TryGetValue(referral.Advocate, out var brought))
                {
                    friends[referral.Advocate] = brought = [];
                }

                brought.Add(new BroughtFriend(customer.Customer, referral.Purchases, referral.Brought, referral.Flagged));
            }
        }
    }

    /// <summary>The advocates by what their friends have bought for in a currency, most first; among equals by the number of friends, then by id. What staff have not approved counts for nothing, and its advocates come last.</summary>
    public Sequence<AdvocateStanding> By(Currency currency) => friends
        .Select(advocate => new AdvocateStanding(advocate.Key, advocate.Value.OrderBy(friend => friend.Friend).ToSequence()))
        .OrderByDescending(advocate => advocate.BroughtIn(currency).MinorUnits).ThenByDescending(advocate => advocate.Believed.Count()).ThenBy(advocate => advocate.Advocate)
        .ToSequence();
}

/// <summary>What an advocate has brought.</summary>
/// <param name="Advocate">Who.</param>
/// <param name="Friends">Whom they brought, by id.</param>
public sealed record AdvocateStanding(CustomerId Advocate, Sequence<BroughtFriend> Friends)
{
    /// <summary>The friends whose referral counts: not those that wait for staff.</summary>
    public IEnumerable<BroughtFriend> Believed => Friends.Where(friend => !friend.Flagged);

    /// <summary>How many of the friends have made a purchase that counts.</summary>
    public int Buyers => Believed.Count(friend => friend.Purchases > 0);

    /// <summary>What the friends have bought for in a currency.</summary>
    /// <exception cref="OverflowException">It is more than 64 bits of minor units hold.</exception>
    public Money BroughtIn(Currency currency) => Believed.SelectMany(friend => friend.Brought).Where(money => money.Currency == currency).Aggregate(new Money(0, currency), (sum, money) => sum + money);
}

/// <summary>Somebody who came through an advocate.</summary>
/// <param name="Friend">Who.</param>
/// <param name="Purchases">Their purchases that count for the referral.</param>
/// <param name="Brought">What they have bought for since they came, less what came back; one amount for each currency.</param>
/// <param name="Flagged">Whether staff still have to approve the referral.</param>
public sealed record BroughtFriend(CustomerId Friend, int Purchases, Sequence<Money> Brought, bool Flagged);
