/**
 * The look of a report: one column of calm text, light or dark as the reader's system is, from 320
 * pixels up.
 */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --ink: #24221f; --muted: #77726a; --rule: #e5e1d8; --tint: #f3f0e9; --back: #a8322a;
  --series-1: #b4452f; --series-2: #2f6c9e; --series-3: #7a8b2a; --series-4: #8a5aa0; --series-5: #c08a1e; --series-6: #3d8f87;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #17181a; --ink: #e6e3dc; --muted: #98938a; --rule: #2e2f32; --tint: #1f2023; --back: #f0897c;
    --series-1: #ec7f68; --series-2: #72b3e6; --series-3: #b9c95f; --series-4: #c79adb; --series-5: #e3b455; --series-6: #72c9bf;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1016px; margin: 0 auto; padding: 56px 24px 72px; }
h1, h2, .lead { font-family: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Charter, Georgia, serif; }
h1 { font-size: clamp(1.75rem, 1.2rem + 2.4vw, 2.75rem); line-height: 1.15; font-weight: 600; letter-spacing: -0.01em; margin: 6px 0 14px; max-width: 22em; text-wrap: balance; }
h2 { font-size: 1.375rem; line-height: 1.3; font-weight: 600; margin: 64px 0 6px; }
h3 { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 10px; font-size: 1rem; font-weight: 400; margin: 0 0 10px; }
p { margin: 0 0 14px; max-width: 44em; }
.eyebrow { color: var(--muted); font-size: 0.8125rem; letter-spacing: 0.06em; text-transform: uppercase; margin: 0; }
.lead { font-size: 1.125rem; max-width: 38em; }
.note, figcaption, .legend { color: var(--muted); font-size: 0.875rem; line-height: 1.5; }
bdi { overflow-wrap: anywhere; }
code, pre { font: 0.875em/1.55 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { background: var(--tint); border: 1px solid var(--rule); border-radius: 6px; padding: 14px 16px; margin: 0 0 14px; white-space: pre-wrap; user-select: all; }
pre span { display: inline-block; max-width: 100%; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 18px 28px; margin: 30px 0 0; padding: 18px 0; border: solid var(--rule); border-width: 1px 0; }
.facts div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.facts dt { color: var(--muted); font-size: 0.8125rem; line-height: 1.4; }
.facts dd { margin: 0; font-size: 1.375rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.strip { padding: 22px 0 24px; border-bottom: 1px solid var(--rule); }
.strip:last-child { border-bottom: 0; }
.mark { font-size: 0.8125rem; color: var(--muted); }
.back { color: var(--back); }
.scores { margin-left: auto; font-variant-numeric: tabular-nums; }
.scores span + span { margin-left: 12px; color: var(--muted); }
.frames { display: grid; grid-template-columns: repeat(7, minmax(0, 1fr)); gap: 12px; align-items: start; }
.original { grid-column: span 2; }
figure { margin: 0; }
.frames img { display: block; width: 100%; image-rendering: pixelated; background: var(--tint); }
.frames img + img { margin-top: 12px; }
.frames figcaption { margin-top: 6px; font-size: 0.8125rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
.final figcaption { color: var(--ink); }
.path { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 14px 12px; margin-top: 18px; }
.path img { display: block; width: 100%; image-rendering: pixelated; background: var(--tint); margin-bottom: 6px; }
.path figcaption { font-size: 0.8125rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
details > summary { cursor: pointer; padding: 18px 0; color: var(--muted); }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 20px 40px; margin-top: 18px; }
.curve svg { display: block; width: 100%; height: auto; margin-top: 4px; }
.curve { min-width: 0; }
.curve figcaption { color: var(--ink); overflow-wrap: anywhere; }
.legend { grid-column: 1 / -1; margin: 0; max-width: none; }
.legend span { margin-right: 14px; white-space: nowrap; }
.legend i { display: inline-block; width: 18px; margin-right: 6px; vertical-align: middle; border-top: 2px solid var(--muted); }
.legend .thin { border-top-width: 1px; }
.legend .dashed { border-top: 1px dashed var(--muted); }
.legend .dotted { border-top: 1px dotted var(--muted); }
.legend .series-1 { border-color: var(--series-1); } .legend .series-2 { border-color: var(--series-2); }
.legend .series-3 { border-color: var(--series-3); } .legend .series-4 { border-color: var(--series-4); }
.legend .series-5 { border-color: var(--series-5); } .legend .series-6 { border-color: var(--series-6); }
.given dl { margin: 14px 0 0; }
.given dl div { display: grid; grid-template-columns: 9em minmax(0, 1fr); gap: 4px 16px; padding: 8px 0; border-top: 1px solid var(--rule); }
.given dt { color: var(--muted); }
.given dd { margin: 0; max-width: 42em; }
.wide { overflow-x: auto; margin: 16px 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.8125rem; line-height: 1.45; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: 7px 0 7px 14px; text-align: right; font-weight: 400; vertical-align: baseline; }
tr > :first-child:not(.text) { padding-left: 0; }
thead th, tbody th { color: var(--muted); }
th:first-child, .text { text-align: left; }
.group { color: var(--ink); }
.class { white-space: normal; min-width: 7em; max-width: 16em; }
tbody tr:first-child > *, .wide tbody { border-top: 1px solid var(--rule); }
.name { white-space: normal; min-width: 9em; max-width: 22em; }
.shares .name { min-width: 12em; padding-right: 10px; }
.shares td, .shares .name { vertical-align: middle; }
.paired thead th { white-space: normal; vertical-align: bottom; }
.name code, .group code { font-size: 1em; overflow-wrap: anywhere; }
.strong { font-weight: 600; }
.shares .range { position: relative; padding: 0; width: 26%; min-width: 120px; background: linear-gradient(90deg, var(--rule) 1px, transparent 1px) 0 0 / 25% 100%; border-right: 1px solid var(--rule); }
.range i, .range b { position: absolute; top: 50%; }
.range i { height: 7px; min-width: 1px; margin-top: -3.5px; border-radius: 1px; opacity: 0.4; }
.range b { width: 3px; height: 15px; margin: -7.5px 0 0 -1.5px; border-radius: 1px; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); gap: 24px 28px; margin-top: 18px; }
.pairs div { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; margin-bottom: 8px; }
.pairs img { display: block; width: 100%; image-rendering: pixelated; background: var(--tint); }
.pairs code { font-size: 1em; color: var(--ink); }
.caution { margin-top: 14px; border-left: 3px solid var(--rule); padding-left: 18px; }
.caution p:last-child { margin: 0; }
.colophon { color: var(--muted); font-size: 0.875rem; }
@media (max-width: 640px) {
  main { padding: 32px 16px 48px; }
  h2 { margin-top: 48px; }
  .scores { margin-left: 0; }
  .frames { grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 14px 10px; }
  .original { grid-column: span 4; order: -1; }
  .final { grid-column: span 8; order: -1; display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); column-gap: 10px; }
  .final img + img { margin-top: 0; }
  .frame { grid-column: span 3; }
  .frame img + img { margin-top: 8px; }
  .frame figcaption { font-size: 0.75rem; }
  .given dl div { grid-template-columns: minmax(0, 1fr); }
  .curve svg { font-size: 13px !important; }
  .legend span { white-space: normal; }
}
@media print {
  main { max-width: none; padding: 0; }
  .strip, .curve, tr { break-inside: avoid; }
}
`;
