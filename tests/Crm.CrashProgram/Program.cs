using System.Globalization;
using Crm.CrashProgram;
using NodaTime;

await Worker.RunAsync(args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture), new FastClock(Instant.FromUnixTimeTicks(long.Parse(args[3], CultureInfo.InvariantCulture))));
