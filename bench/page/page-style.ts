/** The style sheet: colours by meaning, in a light and a dark set. The charts use the same colours. */
export const pageStyle = `
:root {
  --page: #fcfcfd; --text: #1c2128; --faint: #626b77; --grid: #e3e6ea;
  --reads: #1f6feb; --writes: #c2570c; --errors: #cf222e;
  --p50: #1a7f5a; --p99: #8250df; --max: #98a1ad;
  --outage: rgb(207 34 46 / 0.16); --change: #57606a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --text: #e4e8ed; --faint: #97a1ad; --grid: #2b3038;
    --reads: #58a6ff; --writes: #f0883e; --errors: #ff7b72;
    --p50: #4ac29a; --p99: #bc8cff; --max: #6e7781;
    --outage: rgb(255 123 114 / 0.2); --change: #b1bac4;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem; max-width: 72rem;
  background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif;
}
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.05rem; }
header p, .hint { margin: 0; color: var(--faint); }
.hint { font-size: 0.85rem; }
.figures { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; margin: 1.25rem 0; }
.figures dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures dt { color: var(--faint); font-size: 0.85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 1.25rem 0.25rem 0; text-align: left; font-weight: 400; border-bottom: 1px solid var(--grid); overflow-wrap: anywhere; }
thead th, tbody th { color: var(--faint); }
.u-legend { color: var(--text); text-align: left; font-variant-numeric: tabular-nums; }
.u-legend th, .u-legend td { border-bottom: 0; padding: 0 0.25rem 0 0; color: inherit; }
.u-select { background: rgb(128 128 128 / 0.2); }
.uplot, .u-wrap { max-width: 100%; }
`;
