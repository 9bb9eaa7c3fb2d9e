// Asks Microsoft's own parser (npm: @kusto/language-service-next) what is wrong with each query and what columns it gives.
// Arguments: the folder it is installed in, a CSV of table,column,type. Input: a JSON object with a text on each line.
const folder = process.argv[2] + "/node_modules/@kusto/language-service-next/";
require(folder + "bridge.min.js"); // defines Bridge, which the next one needs
require(folder + "Kusto.Language.Bridge.min.js");
const fs = require("fs");
const { KustoCode, GlobalState, Symbols } = Kusto.Language;

const list = (items) => Array.from({ length: items ? items.Count : 0 }, (_, i) => items.getItem(i));
const tables = new Map();
for (const line of fs.readFileSync(process.argv[3], "utf8").trim().split("\n")) {
  const [table, column, type] = line.split(",");
  if (!tables.has(table)) tables.set(table, []);
  tables.get(table).push(`['${column}']:${type}`);
}
const symbols = [...tables].map(([name, columns]) => Symbols.TableSymbol.From(`(${columns})`).WithName(name));
const world = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("ws", symbols));
for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const code = KustoCode.ParseAndAnalyze(JSON.parse(line).text, world);
  const result = code.ResultType;
  const errors = list(code.GetDiagnostics()).filter((one) => one.Severity === "Error");
  const columns = result && result.Columns ? list(result.Columns).map((one) => [one.Name, one.Type.Name]) : [];
  const open = Boolean(result && result.IsOpen);
  console.log(JSON.stringify({ errors: errors.map((one) => [one.Code, one.Start]), columns, open }));
}
