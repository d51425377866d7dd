/** Renders the outcome as one HTML file: charts, tables, and the conditions of the measurement. */
import { drawCharts } from './charts.js';
import { machineText } from './machine.js';
import type { TrialOutcome } from './outcome.js';
import { goalsTable, ratesTable, type TableText } from './rows.js';

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap }
svg { max-width: 100%; height: auto }
`;

export async function renderHtml(outcome: TrialOutcome): Promise<string> {
  const { rounds, measureMs, machine, missing, failures, stores } = outcome;
  const charts = await drawCharts(outcome);
  const problems = [
    ...missing.map(({ store, reason }) => `Left out: ${store}: ${reason}`),
    ...failures.map((failure) => `Failed: ${failure}`),
  ];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>kvnode beside its peers</title><style>${style}</style></head>
<body>
<h1>kvnode beside its peers</h1>
<p>${escaped(`${outcome.date.slice(0, 10)}, ${machineText(machine)}`)}. Medians of ${rounds} rounds of ${measureMs / 1_000} seconds; in
brackets, and as lines in the charts, the lowest and the highest. Every store was measured alone, its servers and the client
process on the same machine.</p>
${list(problems)}
<h2>Goals</h2>
${table(goalsTable(outcome))}
${charts.map(({ title, svg }) => `<h2>${escaped(title)}</h2>\n${svg}`).join('\n')}
<h2>All figures</h2>
<p>With a scenario that ends in “half” the times are those at half of the rate beside them.</p>
${table(ratesTable(outcome))}
<h2>What was compared</h2>
${list(stores.map(({ note }) => note))}
</body>
</html>
`;
}

function table({ head, rows }: TableText): string {
  const line = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>\n${[line(head, 'th'), ...rows.map((row) => line(row, 'td'))].join('\n')}\n</table>`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>\n${items.map((item) => `<li>${escaped(item)}</li>`).join('\n')}\n</ul>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
