using System.Globalization;
using Crm.CrashProgram;
using NodaTime;

var (location, folder, life, clock) = (args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture), new FastClock(Instant.FromUnixTimeTicks(long.Parse(args[3], CultureInfo.InvariantCulture))));
await (args[4] == "opening" ? Worker.MigrateAsync(location, life, clock) : Worker.RunAsync(args[4] == "desk", location, folder, life, clock));
