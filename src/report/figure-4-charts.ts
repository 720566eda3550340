import * as Plot from "@observablehq/plot";
import type { Figure4Result, Series } from "../experiments/index.ts";
import { html, type Markup } from "./html.ts";
import { counted, grouped } from "./numbers.ts";
import { plot } from "./plot.ts";

/** An adversary by what it assumes. */
export const pairName = ({ prior, conditional }: Pick<Series, "prior" | "conditional">): string =>
  `${named[prior]} prior, ${named[conditional]} conditional`;

const named = { gaussian: "Gaussian", laplacian: "Laplacian" } as const;

/** Colors of the four adversaries, in the order of a result's series. */
const color = (i: number): string => `var(--series-${1 + (i % 6)})`;

const pairLegend = (pairs: readonly Series[]): Markup =>
  html`<p class="legend">${pairs.map(
    (pair, i) => html`<span><i class="series-${i + 1}"></i>${pairName(pair)}${i === 0 && " (Bayes optimal)"}</span> `,
  )}</p>`;

/** Means by step for the four adversaries, from the start and from the middle on. */
export function stepCharts(pairs: readonly Series[]): Markup {
  const last = pairs[0]!.distance.step.at(-1)!;
  const chart = (title: string, from: number, type: "log" | "linear") => {
    const lines = pairs.map(({ distance }) =>
      distance.step.flatMap((step, i) =>
        step < from ? [] : [{ step, mean: distance.mean[i]!, low: Math.max(1e-9, distance.low[i]!), high: distance.high[i]! }],
      ),
    );
    const [low, high] = [Math.min(...lines.flat().map(({ low }) => low)), Math.max(...lines.flat().map(({ high }) => high))];
    const ticks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].filter((tick) => tick >= low && tick <= high);
    return plot(title, `${title}: mean distance from the original by step, for each adversary`, {
      x: { label: "step", labelAnchor: "right", tickSize: 0, ticks: 5, tickFormat: grouped },
      y: {
        label: null,
        grid: true,
        tickSize: 0,
        ticks: 5,
        type,
        ...(type === "log" ? { tickFormat: String, ticks } : {}),
      },
      marks: [
        ...lines.map((points, i) => Plot.areaY(points, { x: "step", y1: "low", y2: "high", fill: color(i), fillOpacity: 0.13 })),
        ...lines.map((points, i) => Plot.line(points, { x: "step", y: "mean", stroke: color(i), strokeWidth: i === 0 ? 2.4 : 1.5 })),
      ],
    });
  };
  return html`<div class="curves">${chart("Mean distance", 0, "log")}${last >= 4 && chart("The second half", Math.floor(last / 2), "linear")}${pairLegend(pairs)}</div>`;
}

/** The other panels: final distances by width, by classes, and by the ball. */
export function figure4Charts({ series }: Figure4Result): Markup {
  const [main] = series as [Series];
  const points = series.filter(({ delta }) => delta === 0);
  const byWidth = panel(
    "width",
    "hidden units",
    points.filter(({ classes }) => classes === main.classes),
  );
  const byClasses = panel(
    "classes",
    "classes",
    points.filter(({ width }) => width === main.width),
  );
  const balls = series.filter(({ delta, width, classes }) => delta > 0 && width === main.width && classes === main.classes);
  return html`${
    (byWidth ?? byClasses) &&
    html`<section>
<h2>Other networks</h2>
<p class="note">Mean distance after the last step with its 95 % band, at the same setting for all. Where the update says less, the prior can count for more.</p>
<div class="curves">${byWidth}${byClasses}${pairLegend(series.slice(0, 4))}</div>
</section>
`
  }${balls.length > 0 && ballCharts(series.slice(0, 4), balls)}`;
}

/**
 * Final distances against a property of the network, an adversary a color; nothing where there is
 * only one value.
 */
function panel(property: "width" | "classes", label: string, series: readonly Series[]): Markup | undefined {
  const values = [...new Set(series.map((one) => one[property]))].sort((a, b) => a - b);
  if (values.length < 2) return undefined;
  const pairs = [0, 1, 2, 3].map((pair) =>
    series
      .filter((_, i) => i % 4 === pair)
      .map((one) => ({ at: one[property], ...one.finalDistance }))
      .sort((a, b) => a.at - b.at),
  );
  return plot(`By ${label}`, `Mean final distance by ${label}, for each adversary`, {
    x: { type: "point", domain: values, label, labelAnchor: "right", tickSize: 0, tickFormat: grouped, padding: 0.4 },
    y: { label: null, grid: true, tickSize: 0, ticks: 5, zero: true },
    marks: pairs.flatMap((data, i) => {
      const shifted = { x: "at", dx: 5 * (i - 1.5), stroke: color(i) };
      return [
        Plot.line(data, { ...shifted, y: "mean", strokeWidth: 1, strokeOpacity: 0.5 }),
        Plot.ruleX(data, { ...shifted, y1: "low", y2: "high", strokeWidth: 1.5 }),
        Plot.dot(data, { x: "at", dx: 5 * (i - 1.5), y: "mean", r: 3, fill: color(i) }),
      ];
    }),
  });
}

/** Final distances by the radius of the ball, a chart an adversary and a color a k. */
function ballCharts(pairs: readonly Series[], balls: readonly Series[]): Markup {
  const samples = [...new Set(balls.map(({ k }) => k))];
  const high = Math.max(...[...pairs, ...balls].map(({ finalDistance }) => finalDistance.high));
  const charts = pairs.map((point) => {
    const own = balls.filter(({ prior, conditional }) => prior === point.prior && conditional === point.conditional);
    if (own.length === 0) return null;
    const title = pairName(point);
    const lines = samples.map((k) =>
      [point, ...own.filter((one) => one.k === k)].map(({ delta, finalDistance }) => ({ delta, ...finalDistance })),
    );
    return plot(title, `${title}: mean final distance by the radius of the ball, for each number of points`, {
      x: { label: "δ", labelAnchor: "right", tickSize: 0, ticks: 5 },
      y: { label: null, grid: true, tickSize: 0, ticks: 5, domain: [0, 1.05 * high] },
      marks: lines.flatMap((data, i) => [
        Plot.areaY(data, { x: "delta", y1: "low", y2: "high", fill: color(i), fillOpacity: 0.13 }),
        Plot.line(data, { x: "delta", y: "mean", stroke: color(i), strokeWidth: 1.6 }),
        Plot.dot(data, { x: "delta", y: "mean", r: 2.5, fill: color(i) }),
      ]),
    });
  });
  return html`<section>
<h2>The ball of Algorithm 1</h2>
<p class="note">Mean distance after the last step where the adversary averages over k points in a ball of radius δ around its guess, as in the paper's Algorithm 1; at δ = 0 it judges the guess itself. The setting is the same for all.</p>
<div class="curves">${charts}<p class="legend">${samples.map((k, i) => html`<span><i class="series-${i + 1}"></i>${counted(k, "point")}</span> `)}</p></div>
</section>
`;
}
