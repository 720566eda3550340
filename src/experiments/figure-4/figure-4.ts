import { z } from "zod";
import { LeakageError } from "../../errors.ts";
import type { Tick } from "../../scenario/index.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import { kept } from "../kept.ts";
import { confidence, type FinalDistances } from "./curve.ts";
import { mainSetting, pairs, type Setting, truth } from "./figure-4-adversaries.ts";
import { attackPanel, type Panel, stepsOf } from "./figure-4-panel.ts";
import { type Figure4Params, figure4Params } from "./figure-4-params.ts";
import { type Figure4Result, type Figure4Tuned, figure4Schema, type Schedule, type Series, seriesSchema } from "./figure-4-result.ts";
import { tuneFigure4, tuningSteps } from "./figure-4-tuning.ts";

/**
 * Figure 4 of the paper: the distance from the original by step, for the Bayes optimal adversary
 * and three that are wrong about the prior, the conditional, or both.
 */
export const figure4 = experiment({
  kind: "figure-4",
  doc: "Figure 4: the Bayes optimal adversary against three that assume something else, on inputs and noise whose laws are known.",
  params: figure4Params,
  result: figure4Schema,
  quick: {
    width: "100/20",
    classes: "10/2",
    samples: "100",
    k: "1/8",
    delta: "0/0.5",
    tuneRate: "0.1/0.3",
    tuneGamma: "1/0.99",
    tuneAnneal: "0.01",
    tuneDraws: "30",
  },
  build: (params) => {
    const odd = params.k.find((k) => k > 1 && k % 2 === 1);
    if (params.points === "antithetic" && odd !== undefined)
      throw new LeakageError("spec", `experiment figure-4: points=antithetic draws pairs, and k=${odd} is odd; give an even k.`);
    return { run: (run) => figure4Of(params, run) };
  },
});

/** The main panel, the other widths, the other numbers of classes, the balls. */
function settingsOf(params: Figure4Params): readonly Setting[] {
  const { width, classes, k, delta } = params;
  const main = mainSetting(params);
  const all = [
    main,
    ...width.map((width) => ({ ...main, width })),
    ...classes.map((classes) => ({ ...main, classes })),
    ...k.flatMap((k) => delta.filter((delta) => delta > 0).map((delta) => ({ ...main, k, delta }))),
  ];
  return [...new Map(all.map((setting) => [JSON.stringify(setting), setting])).values()];
}

/** A setting with the schedule that is the same for all. */
function panelOf(params: Figure4Params, setting: Setting): Panel {
  const { rate, gamma, anneal, samples, ballPairs } = params;
  const compared = setting.delta > 0 && ballPairs === "optimal" ? pairs.slice(0, 1) : pairs;
  return { params, setting, adversaries: compared.map((pair) => ({ pair, schedule: { rate, gamma, anneal } })), from: 0, count: samples };
}

/**
 * A finished panel: its curves, and how far the first adversary ended from each original, which
 * others are compared with.
 */
const finished = z.strictObject({ series: z.array(seriesSchema), final: z.array(z.array(z.number())) });

async function* figure4Of(params: Figure4Params, run: ExperimentRun): AsyncGenerator<Tick, Finding<Figure4Result>> {
  const panels = settingsOf(params).map((setting) => panelOf(params, setting));
  const fixed = panels.reduce((sum, panel) => sum + stepsOf(panel), 0);
  const of = fixed + tuningSteps(params);
  let before = 0;
  const series: Series[] = [];
  const optimal = new Map<string, FinalDistances>();
  for (const [i, panel] of panels.entries()) {
    const { setting, adversaries } = panel;
    const network = `${setting.width} ${setting.classes}`;
    const made = yield* kept(run, `panel-${i}`, finished, async function* () {
      const curves = yield* attackPanel(panel, run, { before, of });
      const final = curves[0]!.final.map((own) => [...own]);
      const reference = optimal.get(network) ?? final;
      return { series: adversaries.map(({ pair }, p) => ({ ...pair, ...setting, ...curves[p]!.summary(reference) })), final };
    });
    before += stepsOf(panel);
    if (!optimal.has(network)) optimal.set(network, made.final);
    series.push(...made.series);
  }
  const tuned = yield* tuneFigure4(params, run, { before, of });
  return {
    images: new Map(),
    result: {
      ...headOf("figure-4", run),
      truth,
      confidence,
      series,
      tuned,
      notes: notesOf(params, tuned),
    },
  };
}

/** A schedule in words. */
const inWords = ({ rate, gamma, anneal }: Schedule): string =>
  `learning rate ${rate}${gamma < 1 ? `, times ${gamma} at every step` : ""}${anneal < 1 ? `; the likelihood is annealed from ${anneal}` : ", without annealing"}`;

function notesOf(params: Figure4Params, tuned: Figure4Tuned | null): string[] {
  const { networks, epochs, k, delta, labels, steps } = params;
  return [
    `All adversaries attack the same draws from the same starting points, by ${steps} steps of Adam.`,
    tuned
      ? `Tuned on ${tuned.draws} draws of the same networks that are not scored: each adversary tried the same ${tuned.candidates.length} settings from the same starting points, and took the one with the least mean distance. Tuning spec ${tuned.specHash}.`
      : "Nothing was tuned: what is compared are four adversaries at one setting of their search, not what each of them can do.",
    `The same setting for all, also in the panels for other networks and balls: ${inWords(params)}.`,
    `Bands hold 95 % for the mean over inputs, noise and starts on ${networks === 1 ? "the one network that was" : `the ${networks} networks that were`} drawn; byNetwork shows how much networks differ.`,
    epochs === 0
      ? "The networks are untrained."
      : `Every network was trained for ${epochs === 1 ? "one epoch" : `${epochs} epochs`} before.`,
    ...(labels === "known" ? ["The labels are given."] : []),
    ...(delta.some((radius) => radius > 0) && k.length > 0
      ? [
          "With a ball the adversary maximizes the mean over it, which is another objective than the point's; its distance is still that of the ball's center.",
        ]
      : []),
  ];
}
