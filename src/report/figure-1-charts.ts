import * as Plot from "@observablehq/plot";
import type { Figure1Result } from "../experiments/index.ts";
import { html, type Markup } from "./html.ts";
import { grouped } from "./numbers.ts";
import { plot } from "./plot.ts";

/** Points of a circle, enough to look round. */
const circle = ([u, v]: readonly [number, number], radius: number, name: string) =>
  Array.from({ length: 73 }, (_, i) => ({
    name,
    u: u + radius * Math.cos((Math.PI * i) / 36),
    v: v + radius * Math.sin((Math.PI * i) / 36),
  }));

const width = 440;
const [marginLeft, marginRight, marginTop, marginBottom] = [44, 16, 20, 38];

/**
 * The path on its plane, with balls of radius δ around the original and the points that are shown
 * as images. One unit is as long on both axes.
 */
export function pathChart({ path, delta, files }: Figure1Result): Markup {
  const points = path.map(({ step, at: [u, v] }) => ({ step, u, v }));
  const shown = points.filter(({ step }) => files.snapshots.some((snapshot) => snapshot.step === step));
  const balls = shown.flatMap(({ step, u, v }) => circle([u, v], delta, `step ${step}`));
  const target = circle([0, 0], delta, "original");
  const all = [...points, ...balls, ...target];
  const domain = (axis: "u" | "v") => {
    const values = all.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)] as const;
  };
  const [us, vs] = [domain("u"), domain("v")];
  const inner = width - marginLeft - marginRight;
  const height = Math.round((inner * (vs[1] - vs[0])) / (us[1] - us[0])) + marginTop + marginBottom;
  const last = points.at(-1)!;
  return plot(
    "The path, the balls, and the original",
    "The path of the adversary on a plane, with balls around the original and around its points",
    {
      width,
      height,
      marginLeft,
      marginRight,
      marginTop,
      marginBottom,
      x: { label: "toward the first point", labelAnchor: "right", tickSize: 0, ticks: 6, domain: us },
      y: { label: null, tickSize: 0, ticks: 5, domain: vs },
      marks: [
        Plot.line(target, {
          x: "u",
          y: "v",
          z: "name",
          fill: "var(--series-2)",
          fillOpacity: 0.16,
          stroke: "var(--series-2)",
          strokeWidth: 1.2,
        }),
        Plot.line(balls, {
          x: "u",
          y: "v",
          z: "name",
          stroke: "var(--series-1)",
          strokeOpacity: 0.45,
          strokeWidth: 0.8,
          strokeDasharray: "2 3",
        }),
        Plot.line(points, { x: "u", y: "v", stroke: "var(--series-1)", strokeWidth: 1.6, strokeLinejoin: "round" }),
        Plot.dot(shown, { x: "u", y: "v", r: 2.6, fill: "var(--series-1)" }),
        Plot.dot([last], { x: "u", y: "v", r: 4.2, fill: "var(--series-1)" }),
        Plot.dot([{ u: 0, v: 0 }], { x: "u", y: "v", r: 3.6, symbol: "cross", fill: "var(--series-2)" }),
      ],
    },
  );
}

/** Objective and distance by step. */
export function pathCurves({ path, delta }: Figure1Result): Markup {
  const steps = { label: "step", labelAnchor: "right", tickSize: 0, ticks: 5, tickFormat: grouped } as const;
  const line = (values: readonly { readonly step: number; readonly value: number }[]) =>
    Plot.line(values, { x: "step", y: "value", stroke: "var(--series-1)", strokeWidth: 1.6 });
  const objective = path.flatMap(({ step, objective }) => (objective === null ? [] : [{ step, value: objective }]));
  // The first steps are far above all others, and would leave them no room.
  const later = objective.slice(Math.floor(objective.length / 30));
  const distance = path.map(({ step, distance }) => ({ step, value: distance }));
  return html`${plot("Distance from the original", "Distance from the original, by step", {
    x: steps,
    y: { label: null, grid: true, tickSize: 0, ticks: 5, zero: true },
    marks: [Plot.ruleY([delta], { stroke: "var(--series-2)", strokeDasharray: "3 4" }), line(distance)],
  })}
${plot("Objective, as the adversary sees it, after the first steps", "The adversary's objective, by step", {
  marginLeft: 60,
  x: steps,
  y: { label: null, grid: true, tickSize: 0, ticks: 5, tickFormat: "~s" },
  marks: [line(later)],
})}`;
}

/** What the colors mean. */
export const pathLegend = html`<p class="legend"><span><i class="series-1"></i>the adversary</span> <span><i class="series-2"></i>the original and its ball of radius δ</span> </p>`;
