import * as Plot from "@observablehq/plot";
import type { TrainResult } from "../runs/index.ts";
import { html, type Markup } from "./html.ts";
import { grouped, percent } from "./numbers.ts";
import { plot } from "./plot.ts";

const x = { label: "round", labelAnchor: "right", tickSize: 0, ticks: 5, tickFormat: grouped } as const;
const share = { label: null, grid: true, tickSize: 0, ticks: 5, domain: [0, 1], tickFormat: (value: number) => percent(value) } as const;

/** Points that a chart draws at most: the means of stretches of rounds. */
const mostPoints = 400;

/** Loss and accuracy by round. */
export function trainingCurves({ rounds }: TrainResult): Markup {
  const losses = rounds.flatMap(({ round, loss }) => (loss === null ? [] : [{ round, loss }]));
  const length = Math.ceil(losses.length / mostPoints);
  const means = Array.from({ length: Math.ceil(losses.length / length) }, (_, i) => {
    const stretch = losses.slice(i * length, (i + 1) * length);
    return { round: stretch.at(-1)!.round, loss: stretch.reduce((sum, { loss }) => sum + loss, 0) / stretch.length };
  });
  const accuracy = rounds.flatMap(({ round, accuracy }) => (accuracy === null ? [] : [{ round, accuracy }]));
  return html`<div class="curves">${plot(
    "Loss of the clients",
    `The mean loss of the clients, by round${length > 1 ? `, over ${length} rounds each` : ""}`,
    {
      x,
      y: { label: null, grid: true, tickSize: 0, ticks: 5, zero: true },
      marks: [Plot.line(means, { x: "round", y: "loss", stroke: "var(--series-1)", strokeWidth: 1.4, strokeLinejoin: "round" })],
    },
  )}${plot("Accuracy on the test split", "The share of test examples that are classified as labeled, by round", {
    x,
    y: share,
    marks: [
      Plot.line(accuracy, { x: "round", y: "accuracy", stroke: "var(--series-2)", strokeWidth: 1.6 }),
      Plot.dot(accuracy, { x: "round", y: "accuracy", r: 2, fill: "var(--series-2)" }),
    ],
  })}</div>`;
}

/** Colors of the attacks, in the order of the cells. */
const color = (cell: number): string => `var(--series-${1 + (cell % 6)})`;

/**
 * Rounds are drawn by the logarithm of round + 1 if they span more than a factor of thirty, because
 * early rounds are those of which audits tell.
 */
function roundScale(rounds: readonly number[]): Plot.ScaleOptions {
  const last = rounds.at(-1) ?? 0;
  if (last < 30) return x;
  return { ...x, type: "symlog", constant: 1, ticks: [...rounds] };
}

/** What was recovered, PSNR and accuracy by the round of the audit, in one figure. */
export function leakageFigure({ audits, rounds }: TrainResult): Markup {
  const cells = audits[0]!.result.cells.map(({ attack }) => attack);
  const lines = cells.map((_, cell) =>
    audits.map(({ round, psnr, result }) => {
      const { recovered } = result.cells[cell]!;
      return { round, psnr: psnr[cell]!, ...recovered };
    }),
  );
  const own = { ...roundScale(audits.map(({ round }) => round)) };
  const last = audits.at(-1)!.round;
  const accuracy = rounds.flatMap(({ round, accuracy }) => (accuracy === null || round > last ? [] : [{ round, accuracy }]));
  const decibels = lines.map((line) => line.filter(({ psnr }) => psnr !== null));
  const marked = (data: Plot.Data, y: string, stroke: string) => [
    Plot.line(data, { x: "round", y, stroke, strokeWidth: 1.6 }),
    Plot.dot(data, { x: "round", y, r: 2.6, fill: stroke }),
  ];
  return html`<div class="curves">${plot(
    "Recovered, with accuracy",
    "The share of images that came back with its interval, and the accuracy of the network (dashed), by round",
    {
      x: own,
      y: share,
      marks: [
        Plot.line(accuracy, { x: "round", y: "accuracy", stroke: "var(--muted)", strokeDasharray: "4 4" }),
        ...lines.flatMap((line, cell) => [
          Plot.ruleX(line, { x: "round", y1: "lower", y2: "upper", stroke: color(cell), strokeWidth: 1, strokeOpacity: 0.6 }),
          ...marked(line, "estimate", color(cell)),
        ]),
      ],
    },
  )}${
    decibels.some((line) => line.length > 0) &&
    plot("Mean PSNR of the reconstructions, dB", "The mean PSNR of the reconstructions, by round", {
      x: own,
      y: { label: null, grid: true, tickSize: 0, ticks: 5 },
      marks: decibels.flatMap((line, cell) => marked(line, "psnr", color(cell))),
    })
  }<p class="legend">${cells.map((attack, cell) => html`<span><i class="series-${1 + (cell % 6)}"></i><code>${attack}</code></span> `)}<span><i class="dashed"></i>accuracy</span> </p></div>`;
}
