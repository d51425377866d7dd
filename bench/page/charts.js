/**
 * Runs in the browser, inside the page that kvbench --report writes. It draws the data in the element #data.
 *
 * @import { Chart, PageData } from './page-data.js'
 */

const place = /** @type {HTMLElement} */ (document.getElementById('charts'));
const data = /** @type {PageData} */ (JSON.parse(document.getElementById('data')?.textContent ?? ''));
const height = 240;
const labelFont = '11px system-ui, sans-serif';

/** A colour of the style sheet, which has a light and a dark set. @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @type {uPlot[]} */
let drawn = [];

function drawAll() {
  for (const plot of drawn) plot.destroy();
  place.replaceChildren();
  drawn = data.charts.map(draw);
}

/** @param {Chart} chart */
function draw(chart) {
  const heading = document.createElement('h2');
  heading.textContent = `${chart.title}, ${chart.unit}`;
  place.append(heading);
  /** @type {uPlot.Axis} */
  const axis = { stroke: colour('faint'), grid: { stroke: colour('grid'), width: 1 }, ticks: { stroke: colour('grid') } };
  /** @type {uPlot.Options} */
  const options = {
    width: place.clientWidth,
    height,
    // All charts share the zoom and the cursor.
    cursor: { sync: { key: 'kvbench' } },
    scales: {
      x: { time: false },
      y: chart.logarithmic ? { distr: 3 } : { range: (_plot, _low, high) => [0, Math.max(1, high * 1.15)] },
    },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map((tick) => `${tick} s`) },
      { ...axis, size: 70, values: (_plot, ticks) => ticks.map((tick) => (tick === null ? '' : shorten(tick))) },
    ],
    series: [
      { label: 'at', value: (_plot, value) => (value === null ? '–' : `${value.toFixed(1)} s`) },
      ...chart.lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        points: { size: 4 },
        /** @param {uPlot} _plot @param {number | null} value */
        value: (_plot, value) => (value === null ? '–' : `${value.toLocaleString('en')} ${chart.unit}`),
      })),
    ],
    hooks: { drawClear: [shadeOutages], draw: [markChanges] },
  };
  return new uPlot(options, [[...data.times], ...chart.lines.map((line) => [...line.values])], place);
}

/** @param {number} value */
function shorten(value) {
  return value >= 10_000 ? `${value / 1_000}k` : String(value);
}

/** @param {uPlot} plot */
function shadeOutages(plot) {
  inside(plot, ({ ctx, bbox }) => {
    ctx.fillStyle = colour('outage');
    for (const { from, to } of data.outages) {
      const left = plot.valToPos(from, 'x', true);
      // An outage is at least two pixels wide, so that it is visible at every zoom.
      ctx.fillRect(left, bbox.top, Math.max(2, plot.valToPos(to, 'x', true) - left), bbox.height);
    }
  });
}

/** Draws a line for each change, and its text if there is room. @param {uPlot} plot */
function markChanges(plot) {
  inside(plot, ({ ctx, bbox }) => {
    const scale = devicePixelRatio;
    ctx.strokeStyle = colour('change');
    ctx.fillStyle = colour('change');
    ctx.font = labelFont.replace('11', String(11 * scale));
    ctx.textAlign = 'left';
    ctx.textBaseline = 'top';
    ctx.lineWidth = scale;
    ctx.setLineDash([4 * scale, 4 * scale]);
    let freeFrom = bbox.left;
    for (const { at, label } of data.changes) {
      const x = plot.valToPos(at, 'x', true);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(label).width + 8 * scale;
      const left = Math.min(x, bbox.left + bbox.width - width);
      if (left < freeFrom || x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.fillText(label, left + 4 * scale, bbox.top + 3 * scale);
      freeFrom = left + width;
    }
  });
}

/**
 * Clips the drawing to the plot, so that it does not cover the axes. @param {uPlot} plot @param {(plot: uPlot) =>
 * void} paint
 */
function inside(plot, paint) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(plot);
  ctx.restore();
}

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
addEventListener('resize', () => {
  for (const plot of drawn) plot.setSize({ width: place.clientWidth, height });
});
