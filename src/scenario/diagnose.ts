import { type Attack, type Candidates, isAssuming, type Observations, type Stop } from "../adversary/index.ts";
import type { Residual } from "../defenses/index.ts";
import { addAll, Gradients, type NamedNumbers, type Tensor, vmap } from "../graph/index.ts";
import type { KeyBits } from "../random/index.ts";
import { type CompileOptions, compileNested, inputsAt, type NestedProgram, numbersAt } from "../runtime/index.ts";
import { concatenate, type PrivateBatches } from "./examples.ts";
import type { Reconstruction } from "./reconstruct.ts";

/**
 * What keeps an answer from being the truth. `search`: by the attacker's own objective the truth is
 * better, so the search failed to find it, and the risk is underestimated. `information`: the answer
 * is as good as the truth, so the update does not determine the batch under this assumption.
 */
export const limits = ["search", "information"] as const;
export type Limit = (typeof limits)[number];

/** What can be said about an answer, apart from its distance to the truth. */
export interface Diagnosis {
  /** Why the search ended, with updates that hold nothing taken into account. */
  readonly stopped: Stop | null;
  /**
   * The share of ‖g‖² that the answer explains, 1 − ‖g − D(x)‖² / ‖g‖², where D is what the defense
   * makes of a batch before noise. It is negative if the answer is worse than nothing, and null if
   * it is not a number.
   */
  readonly explained: number | null;
  /**
   * The share that the truth explains, because noise leaves the rest. If nobody knows the truth, it
   * follows from the noise that the attacker assumes. It is null if there is no such noise either.
   */
  readonly explainable: number | null;
  /** It is null if the attack has no objective or if nobody knows the truth. */
  readonly limit: Limit | null;
}

/** The share of the larger value that two values of an objective in float32 may differ by. */
const rounding = 1e-5;

/** What limits an answer, from the attacker's objective at the answer and at the truth. */
export function limitOf(answer: number, truth: number): Limit | null {
  if (Number.isNaN(truth)) return null;
  if (!Number.isFinite(answer)) return Number.isFinite(truth) ? "search" : null;
  return truth < answer - rounding * Math.max(Math.abs(answer), Math.abs(truth)) ? "search" : "information";
}

/** ‖g − D(x)‖² and ‖g‖² of each lane. */
interface Measured {
  readonly left: Float32Array;
  readonly norm: Float32Array;
}

/**
 * Measures how much of what the server saw batches explain. It keeps its program between calls, and
 * what a batch came to: all attacks on an update are diagnosed with the same truth.
 */
export interface Explainer {
  at(seen: Observations, batch: Candidates): Promise<Measured>;
  dispose(): Promise<void>;
}

/** An explainer for updates of one form: the same rounds, lanes and size of batches in each call. */
export function explainer(residual: Residual, options: CompileOptions): Explainer {
  let program: NestedProgram<{ left: Tensor; norm: Tensor }> | undefined;
  const known = new WeakMap<Candidates, { readonly rounds: Observations["rounds"]; readonly measured: Measured }>();
  return {
    at: async (seen, batch) => {
      const before = known.get(batch);
      if (before?.rounds.length === seen.rounds.length && before.rounds.every((round, r) => round === seen.rounds[r]))
        return before.measured;
      const { x, y } = batch;
      const { shape, classes } = seen.rounds[0]!.client.model;
      const named = (numbers: NamedNumbers = new Map()) => Object.fromEntries(numbers);
      const places = {
        rounds: Object.fromEntries(
          seen.rounds.map(({ updates, published }, r) => [String(r), { update: named(updates), published: named(published) }]),
        ),
        x: { shape: [seen.lanes, seen.batchSize, ...shape], data: x },
        y: { shape: [seen.lanes, seen.batchSize, classes], data: y },
      };
      type Round = { readonly update: Readonly<Record<string, Tensor>>; readonly published: Readonly<Record<string, Tensor>> };
      const one = (lane: { readonly rounds: Readonly<Record<string, Round>>; readonly x: Tensor; readonly y: Tensor }) => {
        const each = seen.rounds.map(({ client }, r) => {
          const { update: sent, published } = lane.rounds[String(r)]!;
          const update = new Gradients(new Map(client.parameters.map(({ name }) => [name, sent[name]!])), true);
          return { left: residual(client)({ x: lane.x, y: lane.y }, published)(update), norm: update.squaredNorm() };
        });
        return { left: addAll(each.map(({ left }) => left))!, norm: addAll(each.map(({ norm }) => norm))! };
      };
      program ??= await compileNested(vmap(one)(inputsAt(places)), options);
      const measured = await program.run(numbersAt(places));
      known.set(batch, { rounds: seen.rounds, measured });
      return measured;
    },
    dispose: async () => program?.dispose(),
  };
}

/** What a diagnosis needs. */
export interface Diagnosed {
  readonly attack: Attack;
  readonly seen: Observations;
  /** The keys of the attack, one per update. */
  readonly keys: readonly KeyBits[];
  readonly made: readonly Reconstruction[];
  /** The batches that the updates belong to, if somebody knows them. */
  readonly truth?: PrivateBatches;
  readonly explainer: Explainer;
  readonly options: CompileOptions;
}

/**
 * Says of each answer how much of its update it explains and, with the truth at hand, whether the
 * search or the update limits it. No attacker can do the latter.
 */
export async function diagnose({ attack, seen, keys, made, truth, explainer, options }: Diagnosed): Promise<Diagnosis[]> {
  const answers: Candidates = {
    x: concatenate(made.map(({ candidate }) => candidate.x)),
    y: concatenate(made.map(({ candidate }) => candidate.y)),
  };
  const at = await explainer.at(seen, answers);
  const atTruth = truth && (await explainer.at(seen, truth));
  const [own, best] = (truth && (await attack.objective?.(seen, [answers, truth], keys, options))) ?? [];
  const share = (measured: Measured | undefined, lane: number): number | null => {
    const value = measured ? 1 - measured.left[lane]! / measured.norm[lane]! : Number.NaN;
    return Number.isFinite(value) ? value : null;
  };
  const { client } = seen.rounds[0]!;
  const noise = truth || !isAssuming(attack) ? undefined : attack.assumption.likelihood.noiseEnergy?.(client, seen.batchSize);
  return made.map(({ lane: { stopped } }, lane) => {
    const norm = at.norm[lane]!;
    return {
      stopped: norm === 0 ? "empty" : Number.isFinite(norm) ? stopped : "unreadable",
      explained: share(at, lane),
      explainable: noise === undefined ? share(atTruth, lane) : 1 - noise / norm,
      limit: own && best ? limitOf(own[lane]!, best[lane]!) : null,
    };
  });
}
