Console.WriteLine("Crm.Core");
