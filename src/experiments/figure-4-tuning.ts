import type { Tick } from "../audit/index.ts";
import { specHash } from "../parts/index.ts";
import type { ExperimentRun } from "./experiment.ts";
import { mainSetting, pairs } from "./figure-4-adversaries.ts";
import { attackPanel, type Panel, stepsOf } from "./figure-4-panel.ts";
import { type Figure4Params, mostSamples } from "./figure-4-params.ts";
import type { Figure4Tuned, Schedule } from "./figure-4-result.ts";

/** The first draw of a network that is tuned on. Scored draws have lower indices, however many there are. */
export const firstTuningDraw = mostSamples;

/** The schedules that every adversary tries: the fixed one, then every combination of the values. */
export function candidatesOf({ rate, gamma, anneal, tuneRate, tuneGamma, tuneAnneal }: Figure4Params): readonly Schedule[] {
  const combinations = tuneRate.flatMap((rate) => tuneGamma.flatMap((gamma) => tuneAnneal.map((anneal) => ({ rate, gamma, anneal }))));
  return [...new Map([{ rate, gamma, anneal }, ...combinations].map((each) => [JSON.stringify(each), each])).values()];
}

/** Every pair with every candidate, on the draws that are tuned on. */
function trials(params: Figure4Params): Panel {
  const candidates = candidatesOf(params);
  return {
    params,
    setting: mainSetting(params),
    adversaries: pairs.flatMap((pair) => candidates.map((schedule) => ({ pair, schedule }))),
    from: firstTuningDraw,
    count: params.tuneDraws,
  };
}

/** Every pair with a schedule of its own, on the draws of the main panel. */
const scored = (params: Figure4Params, schedules: readonly Schedule[]): Panel => ({
  params,
  setting: mainSetting(params),
  adversaries: pairs.map((pair, p) => ({ pair, schedule: schedules[p]! })),
  from: 0,
  count: params.samples,
});

/** Steps that {@link tuneFigure4} takes, over all programs. */
export const tuningSteps = (params: Figure4Params): number =>
  params.tuneDraws === 0 ? 0 : stepsOf(trials(params)) + stepsOf(scored(params, candidatesOf(params)));

/**
 * Tunes every adversary of the main panel by the same budget, on draws of the same networks that are not scored, and compares them on those that are. What is least is
 * the mean distance after the last step, which an adversary can measure on draws that it makes itself. Nothing where `tuneDraws` is 0.
 */
export async function* tuneFigure4(
  params: Figure4Params,
  run: ExperimentRun,
  { before, of }: { readonly before: number; readonly of: number },
): AsyncGenerator<Tick, Figure4Tuned | null> {
  if (params.tuneDraws === 0) return null;
  const candidates = candidatesOf(params);
  const tried = yield* attackPanel(trials(params), run, { before, of });
  const scores = pairs.map((_, p) => candidates.map((_, c) => tried[p * candidates.length + c]!.score));
  const chosen = scores.map((own) => candidates[own.indexOf(Math.min(...own))]!);
  const curves = yield* attackPanel(scored(params, chosen), run, { before: before + stepsOf(trials(params)), of });
  const spec = tuningSpec(params, candidates, run.spec.seed);
  return {
    by: "distance",
    draws: params.tuneDraws * params.networks,
    candidates: [...candidates],
    spec,
    specHash: specHash(spec),
    series: pairs.map((pair, p) => ({
      ...pair,
      ...mainSetting(params),
      ...curves[p]!.summary(curves[0]!),
      chosen: chosen[p]!,
      scores: scores[p]!,
    })),
  };
}

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
