// snippet: quick-start
using Crm;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using QuickStart;

var services = new ServiceCollection().AddCrm(crm => crm.UseSqlite("Data Source=club.db").AddLoyalty(TeaClub.Program));
await using var provider = services.BuildServiceProvider();
var crm = provider.GetRequiredService<CrmEngine>();

var amy = Identity.Phone("+852 9123 4567");
var bought = await crm.RecordAsync(CustomerEvent.Purchase("pos:1042", amy, Money.Hkd(52.50m)));
Console.WriteLine($"Amy earns {bought.Total("points")} points.");

var returned = await crm.RecordAsync(CustomerEvent.Refund("pos:1043", amy, "pos:1042", Money.Hkd(20)));
Console.WriteLine($"She brings something back: {returned.Total("points")} points.");
// end
