import { z } from "zod";
import { specHash } from "../../parts/index.ts";
import type { Tick } from "../../scenario/index.ts";
import type { ExperimentRun } from "../experiment.ts";
import { kept } from "../kept.ts";
import type { Progressed } from "../progress.ts";
import { mainSetting, type Pair, pairs } from "./figure-4-adversaries.ts";
import { attackPanel, type Panel, stepsOf } from "./figure-4-panel.ts";
import { type Figure4Params, mostSamples } from "./figure-4-params.ts";
import { type Figure4Tuned, type Schedule, type Series, seriesSchema } from "./figure-4-result.ts";

/**
 * The first draw of a network that is tuned on. Scored draws have lower indices, however many there
 * are.
 */
export const firstTuningDraw = mostSamples;

/**
 * The schedules that every adversary tries: the fixed one, then every combination of the values.
 */
function candidatesOf({ rate, gamma, anneal, tuneRate, tuneGamma, tuneAnneal }: Figure4Params): readonly Schedule[] {
  const combinations = tuneRate.flatMap((rate) => tuneGamma.flatMap((gamma) => tuneAnneal.map((anneal) => ({ rate, gamma, anneal }))));
  return [...new Map([{ rate, gamma, anneal }, ...combinations].map((each) => [JSON.stringify(each), each])).values()];
}

/** A pair with every candidate, on the draws that are tuned on. */
const trialsOf = (params: Figure4Params, pair: Pair): Panel => ({
  params,
  setting: mainSetting(params),
  adversaries: candidatesOf(params).map((schedule) => ({ pair, schedule })),
  from: firstTuningDraw,
  count: params.tuneDraws,
});

/** Every pair with a schedule of its own, on the draws of the main panel. */
const scoredWith = (params: Figure4Params, schedules: readonly Schedule[]): Panel => ({
  params,
  setting: mainSetting(params),
  adversaries: pairs.map((pair, p) => ({ pair, schedule: schedules[p]! })),
  from: 0,
  count: params.samples,
});

/** Steps that all trials take. */
const trialSteps = (params: Figure4Params): number => pairs.reduce((sum, pair) => sum + stepsOf(trialsOf(params, pair)), 0);

/** Steps that {@link tuneFigure4} takes, over all programs. */
export const tuningSteps = (params: Figure4Params): number =>
  params.tuneDraws === 0 ? 0 : trialSteps(params) + stepsOf(scoredWith(params, candidatesOf(params)));

/**
 * Tunes every adversary of the main panel by the same budget, on draws of the same networks that
 * are not scored, and compares them on those that are. What is least is the mean distance after the
 * last step, which an adversary can measure on draws that it makes itself. Nothing where
 * `tuneDraws` is 0.
 */
export async function* tuneFigure4(
  params: Figure4Params,
  run: ExperimentRun,
  { before, of }: Progressed,
): AsyncGenerator<Tick, Figure4Tuned | null> {
  if (params.tuneDraws === 0) return null;
  const candidates = candidatesOf(params);
  const scores: number[][] = [];
  let done = before;
  for (const [p, pair] of pairs.entries()) {
    scores.push(yield* trialScores(trialsOf(params, pair), `tuning-${p}`, run, { before: done, of }));
    done += stepsOf(trialsOf(params, pair));
  }
  const chosen = scores.map((own) => candidates[own.indexOf(Math.min(...own))]!);
  const series = yield* tunedSeries(scoredWith(params, chosen), run, { before: done, of });
  const spec = tuningSpec(params, candidates, run.spec.seed);
  return {
    by: "distance",
    draws: params.tuneDraws * params.networks,
    candidates: [...candidates],
    spec,
    specHash: specHash(spec),
    series: series.map((one, p) => ({ ...one, chosen: chosen[p]!, scores: scores[p]! })),
  };
}

/** Mean distance of each candidate of an adversary. */
const trialScores = (panel: Panel, name: string, run: ExperimentRun, progressed: Progressed): AsyncGenerator<Tick, number[]> =>
  kept(run, name, z.array(z.number()), async function* () {
    const curves = yield* attackPanel(panel, run, progressed);
    return curves.map(({ score }) => score);
  });

/** The curves of the tuned adversaries. */
const tunedSeries = (panel: Panel, run: ExperimentRun, progressed: Progressed): AsyncGenerator<Tick, Series[]> =>
  kept(run, "tuned", z.array(seriesSchema), async function* () {
    const curves = yield* attackPanel(panel, run, progressed);
    return pairs.map((pair, p) => ({ ...pair, ...panel.setting, ...curves[p]!.summary(curves[0]!.final) }));
  });

/** Everything that the choices follow from; what is scored is not among it. */
function tuningSpec(params: Figure4Params, candidates: readonly Schedule[], seed: number): Figure4Tuned["spec"] {
  const { dimension, networks, epochs, scale, sigma, priorScale, steps, start, labels, lanes, tuneDraws } = params;
  const { width, classes } = mainSetting(params);
  return {
    experiment: "figure-4",
    by: "distance",
    ...{ width, classes, dimension, networks, epochs, scale, sigma, priorScale, steps, start, labels, lanes },
    draws: { from: firstTuningDraw, count: tuneDraws },
    candidates: candidates.map((each) => ({ ...each })),
    seed,
  };
}
