import { z } from "zod";
import { attacks } from "../../attacks/index.ts";
import { drawKey } from "../../audit/index.ts";
import type { Client } from "../../client/index.ts";
import { shapesSet } from "../../data/index.ts";
import { matchImages, psnr } from "../../metrics/index.ts";
import { type PartSpec, specHash } from "../../parts/index.ts";
import { keyFromSeed, stream } from "../../random/index.ts";
import { candidatesOf } from "../../runs/index.ts";
import type { Tick } from "../../scenario/index.ts";
import { digits } from "../digits.ts";
import type { ExperimentRun } from "../experiment.ts";
import { kept } from "../kept.ts";
import { type Progressed, within } from "../progress.ts";
import type { BatchNormPriorParams } from "./batch-norm-prior-params.ts";
import type { BatchNormPriorResult } from "./batch-norm-prior-result.ts";
import { type Arm, arms } from "./batch-norm-prior-score.ts";
import { attackUpdate, type DrawnUpdate, drawUpdate } from "./drawn-update.ts";

type Tuning = BatchNormPriorResult["tuning"];

/**
 * GradInversion as an arm may have it: each combination of the rates, the total variations and,
 * where the prior is assumed, its weights; of more than `candidates` the first and others that are
 * drawn. Both arms have as many.
 */
function candidatesFor(arm: Arm, params: BatchNormPriorParams, seed: number): readonly PartSpec[] {
  const { rates, tvs, weights, gradient, l2, steps, warmUp, seeds, group, groupFrom, groupEvery, langevin } = params;
  const assumed = arm === "with" ? weights : [0];
  const first = { rate: rates[0]!, tv: tvs[0]!, batchNorm: assumed[0]! };
  const base = { kind: "gradinversion", ...first, gradient, l2, steps, warmUp, seeds, group, groupFrom, groupEvery, langevin };
  const varied = [
    { path: "rate", values: rates },
    { path: "tv", values: tvs },
    { path: "batchNorm", values: assumed },
  ];
  const budget = Math.min(params.candidates, new Set(rates).size * new Set(tvs).size);
  return candidatesOf(attacks.parse(base), varied, budget, seed);
}

/** How many attacks the tuning runs. */
export const tuningAttacks = (params: BatchNormPriorParams): number =>
  params.tuning * arms.reduce((sum, arm) => sum + candidatesFor(arm, params, 0).length, 0);

/**
 * Tries every candidate of both arms on the same updates of training images, from the same starts,
 * and chooses for each arm the one with the largest mean PSNR.
 */
export async function* tune(
  client: Client,
  params: BatchNormPriorParams,
  run: ExperimentRun,
  { before, of }: Progressed,
): AsyncGenerator<Tick, { readonly chosen: Readonly<Record<Arm, PartSpec>>; readonly tuning: Tuning }> {
  const { batch, steps } = params;
  const { seed } = run.spec;
  const root = stream(keyFromSeed(seed), "tuning");
  const updates: DrawnUpdate[] = [];
  for (let i = 0; i < params.tuning; i++) {
    const keys = { images: drawKey(root, "images", i), noise: drawKey(root, "noise", i) };
    updates.push(await drawUpdate(client, shapesSet("train"), batch, keys, run.machine));
  }
  const candidates = { without: candidatesFor("without", params, seed), with: candidatesFor("with", params, seed) };
  let attacked = 0;
  const scores: Record<Arm, (number | null)[]> = { without: [], with: [] };
  for (const arm of arms)
    for (const [c, candidate] of candidates[arm].entries()) {
      const progressed = { before: before + attacked * steps, of };
      scores[arm].push(
        yield* kept(run, `tuning-${arm}-${c}`, z.number().nullable(), () => tried(candidate, updates, params, run, progressed)),
      );
      attacked += updates.length;
    }
  const best = (arm: Arm): PartSpec => {
    const known = scores[arm].map((score) => score ?? Number.NEGATIVE_INFINITY);
    return candidates[arm][known.indexOf(Math.max(...known))]!;
  };
  const chosen = { without: best("without"), with: best("with") };
  const told = (arm: Arm): Tuning["candidates"][Arm] =>
    candidates[arm].map((candidate, i) => {
      const { rate, tv, batchNorm } = candidate as unknown as Omit<Tuning["candidates"][Arm][number], "psnr" | "chosen">;
      return { rate, tv, batchNorm, psnr: scores[arm][i]!, chosen: candidate === chosen[arm] };
    });
  return {
    chosen,
    tuning: {
      specHash: specHash(tuningSpec(params, candidates, seed)),
      split: "train",
      batches: updates.map(({ originals }) => originals.map(({ index }) => index)),
      candidates: { without: told("without"), with: told("with") },
    },
  };
}

/** The mean PSNR of a candidate; null where a reconstruction is not a number. */
async function* tried(
  candidate: PartSpec,
  updates: readonly DrawnUpdate[],
  { labels, steps }: BatchNormPriorParams,
  { spec, machine }: ExperimentRun,
  { before, of }: Progressed,
): AsyncGenerator<Tick, number | null> {
  const root = stream(keyFromSeed(spec.seed), "tuning");
  const found: number[] = [];
  for (const [i, update] of updates.entries()) {
    const attacking = attackUpdate(candidate, update, labels, drawKey(root, "attack", i), machine);
    const made = yield* within(attacking, { before: before + i * steps, of });
    const truths = update.originals.map(({ image }) => image);
    const match = matchImages(truths, made.images);
    found.push(...truths.map((truth, b) => (made.lane.stopped === "nan" ? Number.NaN : psnr(truth, made.images[match[b]!]!))));
  }
  const mean = found.reduce((sum, each) => sum + each, 0) / found.length;
  return Number.isFinite(mean) ? digits(mean) : null;
}

/** Everything that the choices follow from. */
const tuningSpec = (
  { width, pool, examples, batch, labels, tuning }: BatchNormPriorParams,
  candidates: Readonly<Record<Arm, readonly PartSpec[]>>,
  seed: number,
) => ({
  data: { set: { kind: "shapes" }, split: "train" },
  client: { model: { kind: "convnet", width, pool }, examples, batch, labels },
  updates: tuning,
  candidates,
  by: "psnr",
  seed,
});
