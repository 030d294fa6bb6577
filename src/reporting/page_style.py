"""The CSS of the tear sheet and its one small script. The page loads nothing from anywhere."""

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --soft: #656d76; --line: #d8dee4; --back: #fff; --card: #f6f8fa;
  --grid: #eaeef2; --up: #1a8f5f; --down: #d1343b; --blue: #2563eb; --entry: #7c3aed; --amber: #b45309; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #8b949e; --line: #30363d; --back: #0d1117;
  --card: #161b22; --grid: #21262d; --up: #3fb97f; --down: #f0616a; --blue: #6ea8fe; --entry: #c4a1ff;
  --amber: #d29922; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1230px; padding: 2rem 1.5rem 4rem; background: var(--back); color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; letter-spacing: -.01em; } h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
h2.next { margin-top: 1rem; }
h3 { font-size: .8rem; margin: 0 0 .25rem; color: var(--soft); font-weight: 600; text-transform: uppercase;
  letter-spacing: .04em; }
p { margin: .25rem 0; } .soft { color: var(--soft); } .note { color: var(--amber); }
code { font: 12px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
section { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; margin: 1.25rem 0; }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .85rem; }
.tile b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; letter-spacing: -.01em;
  white-space: nowrap; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 1.25rem 2.5rem; }
.flow { columns: 340px; column-gap: 2.5rem; } .flow > div { break-inside: avoid; margin-bottom: 1.25rem; }
.halves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1.25rem; }
.halves > section { margin: 0; } .halves > div > section:first-child { margin-top: 0; }
.halves > div > section:last-child { margin-bottom: 0; }
.facts td { white-space: normal; overflow-wrap: anywhere; } .facts td:first-child { white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } .scroll { overflow-x: auto; }
th { text-align: left; color: var(--soft); font-weight: 500; } th, td { padding: .22rem .75rem .22rem 0;
  border-bottom: 1px solid var(--grid); white-space: nowrap; } tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; } td.n, th.n { text-align: right; }
tr.total td { font-weight: 600; border-top: 1px solid var(--line); }
.gain { color: var(--up); } .pain { color: var(--down); } .none { color: var(--soft); }
td.bar { width: 130px; } .bar svg { display: block; width: 130px; height: 12px; }
.months td { text-align: center; padding: .3rem .25rem; border: 2px solid var(--back); border-radius: 4px;
  min-width: 56px; } .months th { text-align: center; padding: .2rem; border: 0; } .months th.year { text-align: left; }
.months td.sum { font-weight: 600; background: var(--card); }
.months td.gain, .months td.pain { color: var(--text); }
.months td.gain { background: color-mix(in srgb, var(--up) var(--much), var(--back)); }
.months td.pain { background: color-mix(in srgb, var(--down) var(--much), var(--back)); }
svg.chart { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); fill: none; shape-rendering: crispEdges; } .base { stroke: var(--soft); fill: none;
  stroke-dasharray: 4 4; } .line { stroke: var(--blue); stroke-width: 1.6; fill: none; stroke-linejoin: round; }
.area { fill: var(--blue); opacity: .09; } .fall { fill: var(--down); fill-opacity: .22; stroke: var(--down);
  stroke-width: 1; } .up { fill: var(--up); } .down { fill: var(--down); }
.even { fill: var(--soft); }
.wick { fill: none; stroke-width: 1; } .wick.up { stroke: var(--up); } .wick.down { stroke: var(--down); }
.held { fill: none; stroke-width: 1.6; stroke-dasharray: 5 3; } .held.won { stroke: var(--up); }
.held.lost { stroke: var(--down); } .entry { fill: var(--entry); stroke: var(--back); stroke-width: 1; }
.exit { stroke: var(--back); stroke-width: 1; } .exit.won { fill: var(--up); } .exit.lost { fill: var(--down); }
.cross { stroke: var(--soft); fill: none; pointer-events: none; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; color: var(--soft); font-size: 12px; }
.legend span { display: inline-flex; align-items: center; gap: .35rem; } .legend svg { width: 14px; height: 14px; }
.reading { min-height: 1.5em; color: var(--soft); font-variant-numeric: tabular-nums; float: right; white-space: pre; }
details summary { cursor: pointer; color: var(--soft); } details[open] summary { margin-bottom: .5rem; }
details + details { margin-top: 1rem; }
@media (max-width: 700px) { .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  [data-group] { overflow-x: auto; } [data-group] svg.chart { min-width: 720px; }
  [data-group], .scroll { background: linear-gradient(90deg, var(--back) 12px, #0000) 0 0 / 36px 100% no-repeat local,
    linear-gradient(270deg, var(--back) 12px, #0000) 100% 0 / 36px 100% no-repeat local,
    linear-gradient(90deg, var(--line), #0000) 0 0 / 14px 100% no-repeat,
    linear-gradient(270deg, var(--line), #0000) 100% 0 / 14px 100% no-repeat; } }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 11px; }
  section, .tile { break-inside: avoid; } .reading { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

SCRIPT = """
for (const chart of document.querySelectorAll("svg.chart")) {
  const section = chart.closest("[data-group]"), group = section && section.dataset.group;
  if (!group) continue;
  const charts = [...section.querySelectorAll("svg.chart")], reading = section.querySelector(".reading");
  const source = chart.dataset.rows ? chart : section;
  const rows = JSON.parse(source.dataset.rows), places = source.dataset.places && JSON.parse(source.dataset.places);
  const left = +source.dataset.left, right = +source.dataset.right;
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect(), view = chart.viewBox.baseVal;
    const x = (event.clientX - box.left) / box.width * view.width, share = (x - left) / (right - left);
    let row = Math.floor(share * rows.length);
    if (places) { row = places.findIndex((place) => place >= share); if (row < 0) row = rows.length - 1; }
    row = Math.max(0, Math.min(rows.length - 1, row));
    const at = places ? places[row] : (row + 0.5) / rows.length;
    for (const each of charts) {
      const cross = each.querySelector(".cross");
      cross.setAttribute("transform", `translate(${left + at * (right - left)} 0)`);
      cross.setAttribute("visibility", "visible");
    }
    reading.textContent = rows[row];
  });
  chart.addEventListener("pointerleave", () => {
    for (const each of charts) each.querySelector(".cross").setAttribute("visibility", "hidden");
    reading.textContent = "";
  });
}
"""
