import { z } from "zod";
import { bonferroni, clopperPearson, meanInterval, tango } from "../../metrics/index.ts";
import type { Tick } from "../../scenario/index.ts";
import { digits } from "../digits.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import { kept } from "../kept.ts";
import { cellOf, type Outcome, outcomeSchema } from "./posterior-draws.ts";
import { type PosteriorParams, posteriorParams } from "./posterior-params.ts";
import { type PosteriorResult, posteriorSchema } from "./posterior-result.ts";

/**
 * The attack of equation 2 against the attack at a point, on figure 4's vectors behind so much noise
 * that the posterior is wide: how much its risk is lower, draw by draw, and whether the probabilities
 * that it states come true.
 */
export const posterior = experiment({
  kind: "posterior",
  doc: "The attack of equation 2, from draws of the posterior, against the attack at a point, and whether its stated probabilities come true.",
  params: posteriorParams,
  result: posteriorSchema,
  quick: { scale: "1", samples: "20", tuning: "40" },
  build: (params) => ({ run: (run) => posteriorOf(params, run) }),
});

/** Draws that are finished and kept together. */
const together = 100;

/** Of every interval. */
const confidence = 0.95;

async function* posteriorOf(params: PosteriorParams, run: ExperimentRun): AsyncGenerator<Tick, Finding<PosteriorResult>> {
  const { scale: scales, samples, share, tuning } = params;
  const of = scales.length * samples;
  const cells: PosteriorResult["cells"] = [];
  for (const [i, scale] of scales.entries()) {
    const cell = await cellOf(params, { scale, network: 0 }, run);
    const distances = yield* kept(run, `tuning-${i}`, z.array(z.number()), () => cell.tuningDistances());
    const delta = Number(distances.sort((a, b) => a - b)[Math.floor(share * tuning)]!.toPrecision(3));
    const outcomes: Outcome[] = [];
    for (let from = 0; from < samples; from += together) {
      const to = Math.min(samples, from + together);
      outcomes.push(...(yield* kept(run, `cell-${i}-${from}`, z.array(outcomeSchema), () => cell.outcomes(delta, from, to))));
      yield { step: i * samples + to, of, objective: () => null };
    }
    cells.push(summary(scale, delta, outcomes));
  }
  return { images: new Map(), result: { ...headOf("posterior", run), cells, notes: notesOf(params) } };
}

const rounded = ({ estimate, lower, upper }: { readonly estimate: number; readonly lower: number; readonly upper: number }) => ({
  estimate: digits(estimate),
  lower: digits(lower),
  upper: digits(upper),
});
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function summary(scale: number, delta: number, outcomes: readonly Outcome[]): PosteriorResult["cells"][number] {
  const n = outcomes.length;
  const points = outcomes.map(({ point }) => point);
  const back = (distances: readonly number[]) => distances.map((distance) => distance <= delta);
  const shareOf = (hits: readonly boolean[]) => rounded(clopperPearson(hits.filter(Boolean).length, n, confidence));
  const first = back(points);
  return {
    scale,
    delta,
    n,
    point: { recovered: shareOf(first), meanDistance: digits(mean(points)) },
    posterior: (["gaussian", "cone"] as const).map((prior, p) => {
      const own = outcomes.map(({ posterior }) => posterior[p]!);
      const distances = own.map(({ distance }) => distance);
      const hits = back(distances);
      const count = (one: boolean, other: boolean) => hits.filter((hit, i) => hit === one && first[i] === other).length;
      return {
        prior,
        recovered: shareOf(hits),
        minusPoint: rounded(
          tango(
            { both: count(true, true), onlyFirst: count(true, false), onlySecond: count(false, true), neither: count(false, false) },
            confidence,
          ),
        ),
        meanDistance: digits(mean(distances)),
        distanceMinusPoint: rounded(meanInterval([distances.map((distance, i) => distance - points[i]!)], confidence)),
        stated: digits(mean(own.map(({ success }) => success))),
        calibration: calibration(own, hits),
        acceptance: digits(mean(own.map(({ acceptance }) => acceptance))),
        rHat: { median: digits(median(own.map(({ rHat }) => rHat))), largest: digits(Math.max(...own.map(({ rHat }) => rHat))) },
        effective: {
          median: digits(median(own.map(({ effective }) => effective))),
          least: digits(Math.min(...own.map(({ effective }) => effective))),
        },
        unmixed: digits(own.filter(({ rHat }) => rHat > 1.1).length / n),
      };
    }),
  };
}

/** Bins of the stated probabilities. */
const bins = 10;

/** How often what was stated came true, by what was stated. */
function calibration(own: readonly Outcome["posterior"][number][], hits: readonly boolean[]) {
  const level = bonferroni(confidence, bins);
  return Array.from({ length: bins }, (_, b) => {
    const members = own.flatMap(({ success }, i) => (Math.min(bins - 1, Math.floor(success * bins)) === b ? [i] : []));
    const came = members.filter((i) => hits[i]).length;
    return {
      from: b / bins,
      to: (b + 1) / bins,
      n: members.length,
      stated: members.length === 0 ? null : digits(mean(members.map((i) => own[i]!.success))),
      recovered: members.length === 0 ? null : rounded(clopperPearson(came, members.length, level)),
    };
  });
}

function notesOf({ share, tuning, chains, warmUp, draws, leapfrogs }: PosteriorParams): string[] {
  return [
    `δ is where the point attack recovers ${digits(100 * share)} % of ${tuning} other draws, for each scale.`,
    `Each draw has ${chains} chains, ${warmUp} trajectories of ${leapfrogs} leapfrog steps before the first draw and ${draws} after, after the search of the point attack.`,
    "The posterior is drawn from twice: with the point attack's prior N(0, I), and with N(0, I) in the cone that the label leaves, which is the law of the inputs given their labels. Only the second states probabilities that can be right.",
    "There is one untrained network, and intervals are over inputs, noise and starts on it. The labels are given.",
  ];
}
