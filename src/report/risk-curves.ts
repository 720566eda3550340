import * as Plot from "@observablehq/plot";
import type { AuditResult } from "../audit/index.ts";
import { type RiskPoint, riskAt, riskCurve } from "../metrics/index.ts";
import { certifiedBehind, certifies } from "./audit-certified.ts";
import { byDefense } from "./audit-shares.ts";
import { foreign, html, type Markup } from "./html.ts";
import { spaced } from "./numbers.ts";
import { plot } from "./plot.ts";

/** Steps of a curve that a chart can show. */
const mostSteps = 220;

/**
 * The risk over all δ for each defense, with its simultaneous band, beside the best of the guesses
 * that saw no update.
 */
export function riskCurves(result: AuditResult): Markup {
  const { data, assumptions, confidence } = result;
  const { delta, batchSize } = assumptions;
  const guess = result.baselines.reduce((best, one) => (one.recovered.estimate > best.recovered.estimate ? one : best));
  const curve = (distances: readonly (number | null)[]) =>
    riskCurve(
      distances.map((distance) => distance ?? Infinity),
      confidence,
      batchSize,
    );
  const own = result.cells.map((cell, i) => ({ ...cell, risk: curve(data.flatMap(({ distances }) => distances[i]!)) }));
  const without = curve(data.flatMap(({ guesses }) => guesses[guess.name]!));
  // Far enough for δ, and for nearly all guesses: how much worse than these an attack can be says
  // nothing.
  const end = 1.04 * Math.max(1.25 * delta, guess.quantiles.at(-1)!.distance ?? 0);
  const groups = [...byDefense(own)];
  // A certificate at δ holds at every smaller radius.
  const floor = (defense: string) => {
    const upper = certifiedBehind(result, defense);
    return upper === null ? [] : [0, Math.min(delta, end)].map((radius) => ({ delta: radius, risk: 1 - upper }));
  };
  const charts = groups.map(([defense, cells]) => {
    const lines = cells.map(({ risk }) => thinned(risk, end));
    return plot(`behind ${defense}`, `Risk over δ behind ${defense}, for each attack`, {
      x: { label: "δ", labelAnchor: "right", tickSize: 0, domain: [0, end], ticks: 6 },
      y: { label: null, grid: true, tickSize: 0, domain: [0, 1], ticks: 5, tickFormat: (share: number) => `${Math.round(100 * share)} %` },
      marks: [
        Plot.ruleX([delta], { stroke: "var(--muted)", strokeDasharray: "1 3" }),
        ...lines.map((points, i) =>
          Plot.areaY(points, { x: "delta", y1: "lower", y2: "upper", curve: "step-after", fill: color(i), fillOpacity: 0.14 }),
        ),
        Plot.line(thinned(without, end), { x: "delta", y: "risk", curve: "step-after", stroke: "var(--muted)", strokeDasharray: "3 4" }),
        Plot.line(floor(defense), { x: "delta", y: "risk", stroke: "var(--ink)", strokeWidth: 1.6, strokeDasharray: "6 3" }),
        ...lines.map((points, i) => Plot.line(points, { x: "delta", y: "risk", curve: "step-after", stroke: color(i), strokeWidth: 1.8 })),
      ],
    });
  });
  return html`<div class="curves">${charts}<p class="legend">${groups[0]![1].map(
    ({ attack }, i) => html`<span><i class="series-${1 + (i % 6)}"></i>${foreign(attack)}</span> `,
  )}<span><i class="dashed"></i>${spaced(guess.name)}, no update</span> <span><i class="dotted"></i>δ of this audit</span>${certifies(result) && html` <span><i style="border-top:2px dashed var(--ink)"></i>certified: the risk of every attacker is above</span>`}</p></div>`;
}

const color = (attack: number): string => `var(--series-${1 + (attack % 6)})`;

/** A curve up to a radius, by no more steps than a chart can show. */
function thinned(curve: ReturnType<typeof riskCurve>, end: number): readonly RiskPoint[] {
  const kept: RiskPoint[] = [];
  for (const point of curve.points) {
    if (point.delta > end) break;
    const previous = kept.at(-2);
    if (previous && point.delta - previous.delta < end / mostSteps) kept.pop();
    kept.push(point);
  }
  return [...kept, riskAt(curve, end)];
}
