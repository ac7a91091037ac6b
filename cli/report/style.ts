export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fafaf8, #16181b);
  --card: light-dark(#fff, #1f2226);
  --ink: light-dark(#1d2025, #e6e6e3);
  --faint: light-dark(#5d636b, #a0a6ad);
  --line: light-dark(#dcdcd7, #363b41);
  --main: light-dark(#3b78b8, #6ea8e0);
  --idle: light-dark(#c9c9c2, #4a5057);
  --good: light-dark(#1a6b32, #73ce8b);
  --bad: light-dark(#b3261e, #ff8f86);
  font: 15px/1.45 system-ui, sans-serif;
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper); color: var(--ink); }
h1 { margin: 0; font-size: 1.5rem; font-weight: 600; }
h2 { margin: 0 0 0.25rem; font-size: 1.05rem; }
p { margin: 0.25rem 0; max-width: 50rem; }
.verdict { font-size: 1.15rem; }
.good { color: var(--good); }
.failed { color: var(--bad); }
.faint, figcaption, caption, svg text { color: var(--faint); fill: var(--faint); }
section { margin-top: 0.75rem; padding: 0.75rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: min(100%, 40rem); margin-top: 0.5rem; }
caption { text-align: start; padding-bottom: 0.25rem; }
th, td { padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; }
thead th { color: var(--faint); font-weight: 400; vertical-align: bottom; }
tbody th { font-weight: 400; }
tfoot td, tfoot th { color: var(--faint); font-weight: 400; border-bottom: 0; }
.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.long { overflow-wrap: anywhere; min-width: 14rem; }
code { font: 0.87em ui-monospace, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0.5rem 0 0; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 0.5rem 0 0; }
svg { display: block; width: 100%; }
svg text { font-size: 11px; }
.main { fill: var(--main); }
.bad { fill: var(--bad); }
.idle { fill: var(--idle); }
.grid { stroke: var(--line); fill: none; }
.strip { width: 15rem; height: 0.75rem; margin-top: 0.3rem; }
.share { width: 6rem; height: 0.6rem; margin-top: 0.4rem; }
summary { cursor: pointer; }
details table { min-width: 0; margin: 0.25rem 0 0.5rem; font-size: 0.9em; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.3rem; } }
@media print {
  :root { color-scheme: light; font-size: 10pt; }
  body { max-width: none; padding: 0; background: none; }
  section { border: 0; padding: 0; }
  tr, figure { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`;
