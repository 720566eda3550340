import { attacks } from "../attacks/index.ts";
import { candidatesOf, type Machine, type Tick } from "../audit/index.ts";
import type { Client } from "../client/index.ts";
import { shapes } from "../data/index.ts";
import { matchImages, psnr } from "../metrics/index.ts";
import { type PartSpec, specHash } from "../parts/index.ts";
import { foldIn, type KeyBits } from "../random/index.ts";
import type { BatchNormPriorParams } from "./batch-norm-prior-params.ts";
import type { BatchNormPriorResult } from "./batch-norm-prior-result.ts";
import { type Arm, arms, digits } from "./batch-norm-prior-score.ts";
import { attackUpdate, type DrawnUpdate, drawUpdate, within } from "./drawn-update.ts";

type Tuning = BatchNormPriorResult["tuning"];

/** Streams of the tuning's key; update i uses the key of a stream folded with i. */
const streams = { images: 0, noise: 1, start: 2 } as const;

/**
 * GradInversion as an arm may have it: each combination of the rates, the total variations and, where the prior is assumed, its weights; of more than `candidates` the
 * first and others that are drawn. Both arms have as many.
 */
export function candidatesFor(arm: Arm, params: BatchNormPriorParams, seed: number): readonly PartSpec[] {
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

/** What the tuning follows from. */
export interface Tuned {
  readonly client: Client;
  readonly params: BatchNormPriorParams;
  readonly seed: number;
  readonly key: KeyBits;
  readonly machine: Machine;
}

/** Tries every candidate of both arms on the same updates of training images, from the same starts, and chooses for each arm the one with the largest mean PSNR. */
export async function* tune({
  client,
  params,
  seed,
  key,
  machine,
}: Tuned): AsyncGenerator<Tick, { readonly chosen: Readonly<Record<Arm, PartSpec>>; readonly tuning: Tuning }> {
  const { width, pool, batch, examples, steps, labels } = params;
  const keyOf = (stream: keyof typeof streams, i: number) => foldIn(foldIn(key, streams[stream]), i);
  const updates: DrawnUpdate[] = [];
  for (let i = 0; i < params.tuning; i++)
    updates.push(await drawUpdate(client, shapes("train"), batch, { images: keyOf("images", i), noise: keyOf("noise", i) }, machine));
  const candidates = { without: candidatesFor("without", params, seed), with: candidatesFor("with", params, seed) };
  const of = tuningAttacks(params) * steps;
  let attacked = 0;
  const scores: Record<Arm, (number | null)[]> = { without: [], with: [] };
  for (const arm of arms)
    for (const candidate of candidates[arm]) {
      const found: number[] = [];
      for (const [i, update] of updates.entries()) {
        const made = yield* within(attackUpdate(candidate, update, labels, keyOf("start", i), machine), { before: attacked++ * steps, of });
        const truths = update.originals.map(({ image }) => image);
        const match = matchImages(truths, made.pictures);
        found.push(...truths.map((truth, b) => (made.lane.stopped === "nan" ? Number.NaN : psnr(truth, made.pictures[match[b]!]!))));
      }
      const mean = found.reduce((sum, each) => sum + each, 0) / found.length;
      scores[arm].push(Number.isFinite(mean) ? digits(mean) : null);
    }
  const best = (arm: Arm): PartSpec => {
    const known = scores[arm].map((score) => score ?? Number.NEGATIVE_INFINITY);
    return candidates[arm][known.indexOf(Math.max(...known))]!;
  };
  const chosen = { without: best("without"), with: best("with") };
  const spec = {
    data: { kind: "shapes", split: "train" },
    client: { model: { kind: "convnet", width, pool }, examples, batch, labels },
    updates: params.tuning,
    candidates,
    by: "psnr",
    seed,
  };
  const told = (arm: Arm): Tuning["candidates"][Arm] =>
    candidates[arm].map((candidate, i) => {
      const { rate, tv, batchNorm } = candidate as unknown as Omit<Tuning["candidates"][Arm][number], "psnr" | "chosen">;
      return { rate, tv, batchNorm, psnr: scores[arm][i]!, chosen: candidate === chosen[arm] };
    });
  return {
    chosen,
    tuning: {
      specHash: specHash(spec),
      split: "train",
      batches: updates.map(({ originals }) => originals.map(({ index }) => index)),
      candidates: { without: told("without"), with: told("with") },
    },
  };
}
