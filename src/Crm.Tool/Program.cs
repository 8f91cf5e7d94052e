using Crm.Tool;

return await CrmTool.RunAsync(args, Console.Out, Console.Error);
