using System.Globalization;
using Crm.CrashProgram;

await Worker.RunAsync(args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture));
