import * as Plot from "@observablehq/plot";
import type { Result } from "../runs/index.ts";
import { aimedAt, aimOf } from "./aim-words.ts";
import { html, type Markup } from "./html.ts";
import { counted, grouped, spaced } from "./numbers.ts";
import { plot } from "./plot.ts";
import { baselineNames } from "./verdict.ts";

/** Images that get a color of their own; with more, all are thin lines around their median. */
const mostColors = 6;

interface Point {
  readonly step: number;
  readonly value: number;
}

/** Curves of the attacker's objective and, where originals are known, of PSNR, by step. */
export function curves(result: Result): Markup {
  const { images } = result;
  const objective = images.map(({ trajectory }) => points(trajectory, ({ objective }) => objective));
  const psnr = images.map(({ trajectory }) => points(trajectory, ({ psnr }) => psnr));
  const known = psnr.some((line) => line.length);
  return html`${chart({ title: "Objective, as the attacker sees it", lines: objective, y: scaleOf(objective.flat().map(({ value }) => value)), levels: [] })}
${known && chart({ title: `PSNR against ${aimedAt(aimOf(result))}, in dB`, lines: psnr, y: linear, levels: baselinePsnr(result) })}
<p class="legend">${legend(result)}</p>`;
}

function points<T extends { readonly step: number }>(trajectory: readonly T[], value: (moment: T) => number | null): Point[] {
  return trajectory.flatMap((moment) => {
    const at = value(moment);
    return at === null ? [] : [{ step: moment.step, value: at }];
  });
}

function baselinePsnr(result: Result): number[] {
  return baselineNames(result).flatMap((name) => result.summary.baseline[name]?.psnr?.mean ?? []);
}

interface Chart {
  readonly title: string;
  /** One an image. */
  readonly lines: readonly Point[][];
  readonly y: Plot.ScaleOptions;
  /** Values to compare with, drawn across. */
  readonly levels: readonly number[];
}

function chart({ title, lines, y, levels }: Chart): Markup {
  const many = lines.length > mostColors;
  const line = (data: readonly Point[], stroke: string, strokeWidth: number, strokeOpacity = 1) =>
    Plot.line(data, { x: "step", y: "value", stroke, strokeWidth, strokeOpacity, strokeLinejoin: "round" });
  return plot(title, `${title}, by step of the attack`, {
    x: { label: "step", labelAnchor: "right", tickSize: 0, ...scaleOf(lines.flat().map(({ step }) => step)), tickFormat: grouped },
    y: { label: null, grid: true, tickSize: 0, ...y },
    marks: [
      Plot.ruleY(levels, { stroke: "var(--muted)", strokeDasharray: "3 4" }),
      ...lines.map((data, i) => line(data, many ? "var(--muted)" : `var(--series-${i + 1})`, many ? 0.8 : 1.6, many ? 0.55 : 1)),
      ...(many ? [line(median(lines), "var(--series-1)", 2.4)] : []),
    ],
  });
}

const linear: Plot.ScaleOptions = { type: "linear", ticks: 5 };

/**
 * Values that are all positive and span more than a factor of thirty are shown by their logarithm,
 * with ticks at powers of ten.
 */
function scaleOf(values: readonly number[]): Plot.ScaleOptions {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (least <= 0 || most <= 30 * least) return linear;
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const stride = Math.ceil((last - first) / 6);
  const powers = Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, i) => Number(`1e${first + i * stride}`));
  const ticks = powers.filter((power) => power >= least && power <= most);
  return { type: "log", ticks, tickFormat: (value: number) => (value >= 1 ? grouped(value) : String(value)) };
}

/** The median over images at each step that any of them has. */
function median(lines: readonly Point[][]): Point[] {
  const byStep = new Map<number, number[]>();
  for (const { step, value } of lines.flat()) byStep.set(step, [...(byStep.get(step) ?? []), value]);
  return [...byStep]
    .sort(([a], [b]) => a - b)
    .map(([step, values]) => ({ step, value: values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]! }));
}

function legend(result: Result): Markup[] {
  const { images } = result;
  const dashed = baselineNames(result).map((name) => html`<span><i class="dashed"></i>${spaced(name)}, mean PSNR</span> `);
  if (images.length > mostColors)
    return [
      html`<span><i class="thin"></i>${counted(images.length, "image")}</span> <span><i class="series-1"></i>their median</span> `,
      ...dashed,
    ];
  return [...images.map(({ index }, i) => html`<span><i class="series-${i + 1}"></i>#${index}</span> `), ...dashed];
}
