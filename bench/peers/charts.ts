/** Draws charts of an outcome as SVG. Vega draws a Vega-Lite specification without a browser. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { TrialOutcome } from './outcome.js';
import { scenarioId } from './scenarios.js';
import type { Spread, Summary } from './summary.js';

export interface PeerChart {
  readonly title: string;
  readonly svg: string;
}

interface Point extends Spread {
  readonly store: string;
  readonly scenario: string;
  readonly part: string;
}

const width = 620;
const rowHeight = 22;

/** Draws the charts for which there are measurements. */
export async function drawCharts({ summaries, stores }: Pick<TrialOutcome, 'summaries' | 'stores'>): Promise<PeerChart[]> {
  const titleOf = (summary: Summary) => stores.find(({ name }) => name === summary.store)?.title ?? summary.store;
  const point = (part: string, spread: (summary: Summary) => Spread) => (summary: Summary) => ({
    store: titleOf(summary),
    scenario: scenarioId(summary.scenario),
    part,
    ...spread(summary),
  });
  const rates = summaries.map(point('rate', (summary) => summary.operationsPerSecond));
  const times = (pace: 'highest' | 'half') => {
    const some = summaries.filter(({ scenario }) => scenario.pace === pace);
    return [...some.map(point('p50', (summary) => summary.p50Ms)), ...some.map(point('p99', (summary) => summary.p99Ms))];
  };
  const wanted = [
    { title: 'Operations per second', unit: 'operations/s', points: rates },
    { title: 'Times at the highest rate', unit: 'ms', points: times('highest') },
    { title: 'Times at half of the highest rate', unit: 'ms', points: times('half') },
  ];
  return Promise.all(
    wanted
      .filter(({ points }) => points.length > 0)
      .map(async ({ title, unit, points }) => ({ title, svg: await draw(specification(unit, points)) })),
  );
}

/**
 * One panel for each scenario, a line for each store: a point at the median, a rule from the lowest to the highest.
 */
function specification(unit: string, points: readonly Point[]): TopLevelSpec {
  // The values may span three orders of magnitude. On such a logarithmic axis bars would mislead.
  const x = { type: 'quantitative', scale: { type: 'log' }, axis: { title: `${unit}, logarithmic` } } as const;
  const y = { field: 'store', type: 'nominal', title: null, sort: null } as const;
  const parts = [...new Set(points.map(({ part }) => part))];
  const shape = { field: 'part', type: 'nominal', title: null, scale: { domain: parts } } as const;
  const color = { field: 'store', type: 'nominal', legend: null } as const;
  const panel = (scenario: string) => ({
    title: { text: scenario, anchor: 'start' as const },
    data: { values: points.filter((point) => point.scenario === scenario) },
    width,
    height: { step: rowHeight },
    layer: [
      {
        mark: { type: 'rule' as const, strokeWidth: 2 },
        encoding: { x: { ...x, field: 'lowest' }, x2: { field: 'highest' }, y, color },
      },
      {
        mark: { type: 'point' as const, filled: true, size: 70, opacity: 1 },
        encoding: { x: { ...x, field: 'median' }, y, color, ...(parts.length > 1 && { shape }) },
      },
    ],
  });
  return {
    vconcat: [...new Set(points.map(({ scenario }) => scenario))].map(panel),
    resolve: { scale: { x: 'shared', color: 'shared' } },
  };
}

async function draw(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
