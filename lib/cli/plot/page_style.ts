/**
 * The style of the page that shows a trace. Every colour is a variable with a value for light and one
 * for dark; those of the mirrors are Okabe's and Ito's, moved in lightness until they stand at least
 * 3:1 against the background.
 *
 * @module
 */

/** Colours of the mirrors. */
const LIGHT = ["#0072b2", "#d55e00", "#00875f", "#b8578f", "#a87400", "#2b8cc4", "#767676"];
const DARK = ["#4aa8e0", "#f58442", "#2bc48d", "#e39ac6", "#e8b02e", "#9ad4fb", "#a3a3a3"];

/** The colours of the mirrors as values of attributes. */
export const PAGE_COLOURS: readonly string[] = LIGHT.map((_, index) => `var(--mirror-${index})`);

const variables = (colours: readonly string[]) =>
  colours.map((colour, index) => `--mirror-${index}: ${colour};`).join(" ");

/** The style sheet. */
export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  --page: #f6f8fa; --panel: #ffffff; --ink: #1f2328; --faint: #59636e; --grid: #dfe3e8;
  --edge: #d1d9e0; --note: #fff3d1;
  ${variables(LIGHT)}
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --panel: #151b23; --ink: #e6edf3; --faint: #9da7b3; --grid: #2c343e;
    --edge: #3d444d; --note: #3a2d08;
    ${variables(DARK)}
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem; max-width: 80rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif;
}
h1 { margin: 0; font-size: 1.35rem; line-height: 1.25; overflow-wrap: anywhere; }
header p { margin: 0.25rem 0 0; overflow-wrap: anywhere; }
.faint { color: var(--faint); }
header .note { margin-top: 0.75rem; padding: 0.5rem 0.75rem; border-radius: 6px; background: var(--note); }
.legend {
  display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem;
  margin: 1rem 0; padding: 0; list-style: none; font-size: 0.9rem;
}
.legend li { min-width: 0; overflow-wrap: anywhere; }
.marker { height: 0.8rem; margin-right: 0.4rem; vertical-align: -0.08rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; }
figure, .scroll {
  margin: 0; padding: 0.75rem; min-width: 0;
  border: 1px solid var(--edge); border-radius: 8px; background: var(--panel);
}
figcaption { min-height: 3.9em; font-size: 0.9rem; color: var(--faint); }
figcaption strong { color: var(--ink); }
figure > svg { display: block; width: 100%; max-width: 42rem; height: auto; margin: 0 auto; fill: var(--ink); font-size: 12px; }
.tables { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: 1rem; align-items: flex-start; }
.stack { display: grid; gap: 1rem; min-width: 0; max-width: 100%; justify-items: start; }
.scroll { max-width: 100%; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption {
  position: sticky; left: 0; max-width: min(40rem, 100vw - 3.5rem);
  padding-bottom: 0.35rem; text-align: left; font-weight: 600; text-wrap: pretty;
}
th, td { padding: 0.2rem 0.75rem 0.2rem 0; text-align: left; font-weight: 400; white-space: nowrap; }
thead th { color: var(--faint); vertical-align: bottom; }
.figured td, .figured thead th:not(:first-child) { padding-right: 0; padding-left: 0.75rem; text-align: right; }
tbody tr { border-top: 1px solid var(--grid); }
@media (max-width: 34rem) {
  body { padding: 0.75rem; }
  figure, .scroll { padding: 0.5rem; }
  figcaption { min-height: 0; }
  table { font-size: 0.75rem; }
  .figured th, .figured td { padding-right: 0; }
  .figured td, .figured thead th:not(:first-child) { padding-left: 0.4rem; }
  figure svg { font-size: 15px; }
}
@media print { body { max-width: none; } figure, .scroll { break-inside: avoid; } }
`;
