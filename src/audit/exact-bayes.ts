import type { Observations } from "../adversary/index.ts";
import type { Batch, Client } from "../client/index.ts";
import type { Likelihood } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { addAll, Gradients, type NamedNumbers, sizeOf, type Tensor, vmap } from "../graph/index.ts";
import { type DeltaSpace, distance } from "../metrics/index.ts";
import { toModelSpace } from "../models/index.ts";
import { type CompileOptions, compileNested, inputsAt, numbersAt } from "../runtime/index.ts";
import { concatenate, oneHot } from "../scenario/index.ts";

/** One of finitely many inputs that a client may hold. */
export interface Candidate {
  /** The input in the model's shape, in pixel space. */
  readonly image: Float32Array;
  readonly label: number;
  /** The probability before the update is seen, up to a common factor. The default is 1. */
  readonly weight?: number;
}

/** A prior that draws one of finitely many candidates, and the radius that separates them. */
export interface FinitePrior {
  readonly candidates: readonly Candidate[];
  readonly delta: number;
  /** The space in which δ is a distance. The default is pixel space. */
  readonly measured?: DeltaSpace;
}

/**
 * How the posterior is computed. In `float32` its logarithm has an error of about 1e-7 of |log p(g
 * | x)|, which grows with the number of parameters.
 */
export type ExactBayesOptions = CompileOptions;

/** The exact adversary's result for one update. */
export interface ExactBayes {
  /** p(candidate | g), one value per candidate. The values sum to 1. */
  readonly posterior: Float64Array;
  /** The most probable candidate, which is the answer with the least risk. */
  readonly candidate: number;
  /**
   * 1 − the posterior mass of that answer: the probability that it is farther than δ from the
   * truth.
   */
  readonly risk: number;
}

/**
 * The adversary of Eq. 2 (paper, §4), which can be computed if the prior is on finitely many
 * candidates. If candidates are more than 2δ apart, no δ-ball holds two of them. So no answer has
 * more posterior mass in its ball than the most probable candidate has, and no attack has less
 * risk. The mean of `risk` over updates is the Bayes risk.
 *
 * The adversary is conditioned on what every attack sees: the updates, what the defense publishes
 * with them, and the labels if they are known. Known labels rule out candidates of other labels.
 *
 * @param seen updates of one image each.
 * @param likelihood the law of the defense. Constants that depend on x matter, others do not.
 * @returns one result per update.
 * @throws LeakageError `spec` for candidates that are not more than 2δ apart, batches of more than
 * one image, weights that are not positive, or an update that no candidate explains.
 *
 * @example
 * ```ts
 * const law = lawOf(defense);
 * if (law.kind === "known") {
 *   const candidates = [data.example(0), data.example(1)];
 *   const seen = { rounds: [received], lanes: 2, batchSize: 1 };
 *   const [first] = await exactBayes(seen, law.likelihood, { candidates, delta: 1 });
 *   console.log(first!.candidate, first!.risk);
 * }
 * ```
 */
export async function exactBayes(
  seen: Observations,
  likelihood: Likelihood,
  prior: FinitePrior,
  options: ExactBayesOptions = {},
): Promise<ExactBayes[]> {
  const { rounds, lanes, batchSize, labels } = seen;
  const [first] = rounds;
  const { candidates } = prior;
  if (batchSize !== 1)
    throw new LeakageError(
      "spec",
      `The exact Bayes adversary takes updates of one image; the batch size is ${batchSize}. Use a batch size of 1.`,
    );
  requireApart(prior, first!.client);
  const logs = await logLikelihoods(seen, likelihood, candidates, options);
  return Array.from({ length: lanes }, (_, lane) => {
    const known = labels ? labelOf(labels, lane, first!.client) : undefined;
    const joint = candidates.map(({ label, weight = 1 }, k) =>
      known === undefined || label === known ? Math.log(weight) + logs[lane * candidates.length + k]! : -Infinity,
    );
    if (joint.some((log) => Number.isNaN(log) || log === Infinity))
      throw new LeakageError("spec", `The law "${likelihood.name}" gives no finite likelihood for update ${lane}.`);
    const top = Math.max(...joint);
    if (top === -Infinity)
      throw new LeakageError(
        "spec",
        `No candidate${known === undefined ? "" : ` with label ${known}`} explains update ${lane} under the law "${likelihood.name}".`,
      );
    const masses = Float64Array.from(joint, (log) => Math.exp(log - top));
    const candidate = joint.indexOf(top);
    const others = masses.reduce((sum, mass, k) => (k === candidate ? sum : sum + mass), 0);
    // The others come first: 1 − mass would lose the digits of a small risk.
    return { posterior: masses.map((mass) => mass / (1 + others)), candidate, risk: others / (1 + others) };
  });
}

/**
 * @throws LeakageError `spec` unless all candidates fit the model and any two are more than 2δ
 * apart.
 */
function requireApart({ candidates, delta, measured }: FinitePrior, { model: { shape, classes, normalization } }: Client): void {
  if (!(delta >= 0 && Number.isFinite(delta)))
    throw new LeakageError("spec", `The radius delta must be a finite number of at least 0; got ${delta}.`);
  if (!candidates.length) throw new LeakageError("spec", "A finite prior needs at least one candidate; got none.");
  const size = sizeOf(shape);
  candidates.forEach(({ image, label, weight = 1 }, k) => {
    if (image.length !== size)
      throw new LeakageError("spec", `Candidate ${k} has ${image.length} numbers; the model takes ${size} (${shape.join(" x ")}).`);
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new LeakageError("spec", `Candidate ${k} has the label ${label}; labels are integers from 0 to ${classes - 1}.`);
    if (!(weight > 0 && weight < Infinity))
      throw new LeakageError("spec", `Candidate ${k} has the weight ${weight}; weights are positive numbers.`);
  });
  const channels = normalization.std.length;
  for (const [i, a] of candidates.entries())
    for (let j = i + 1; j < candidates.length; j++) {
      const apart = distance(a.image, candidates[j]!.image, [channels, 1, size / channels], measured);
      if (!(apart > 2 * delta))
        throw new LeakageError(
          "spec",
          `Candidates ${i} and ${j} are ${+apart.toPrecision(4)} apart; the exact Bayes adversary needs more than 2·delta = ${+(2 * delta).toPrecision(4)}. ` +
            "Take candidates farther apart, or a smaller delta.",
        );
    }
}

/** The label that an attack receives for a lane. */
function labelOf(labels: Float32Array, lane: number, { model: { classes } }: Client): number {
  const row = labels.subarray(lane * classes, (lane + 1) * classes);
  return row.indexOf(Math.max(...row));
}

/**
 * The largest number of float32 numbers that one call may hold for each of its largest tensors,
 * candidates × updates × parameters.
 */
const mostNumbers = 2 ** 22;

/**
 * log p(g | candidate), [lanes, candidates]. The outer `vmap` runs over updates and the inner one
 * over candidates, whose gradients are computed once.
 */
async function logLikelihoods(
  { rounds, lanes }: Observations,
  likelihood: Likelihood,
  candidates: readonly Candidate[],
  options: ExactBayesOptions,
): Promise<Float64Array> {
  const { model } = rounds[0]!.client;
  const count = candidates.length;
  const entries = rounds.flatMap(({ client }) => client.parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const chunk = Math.min(lanes, Math.max(1, Math.floor(mostNumbers / (count * entries))));
  const batch = {
    x: {
      shape: [count, 1, ...model.shape],
      data: concatenate(candidates.map(({ image }) => toModelSpace(image, model.normalization))),
    },
    y: {
      shape: [count, 1, model.classes],
      data: oneHot(
        candidates.map(({ label }) => label),
        model.classes,
      ),
    },
  };
  const { candidates: given, rounds: seen } = inputsAt({ candidates: batch, rounds: lanesOf(rounds, 0, chunk) });
  const scores = vmap((own: typeof seen) => {
    const laws = rounds.map(({ client }, r) => {
      const { updates, published } = own[String(r)]!;
      const update = new Gradients(new Map(client.parameters.map(({ name }) => [name, updates[name]!])));
      // Differences are taken entry by entry: the fast square loses its digits exactly where a
      // candidate fits.
      const law = likelihood.given(client.exactly());
      return (one: Batch) => law(one, published).logProb(update);
    });
    return vmap(({ x, y }: { x: Tensor; y: Tensor }) => addAll(laws.map((law) => law({ x, y })))!)(given);
  })(seen as never);
  const program = await compileNested({ scores }, { ...options, fixed: { candidates: numbersAt(batch) } });
  try {
    const all = new Float64Array(lanes * count);
    for (let from = 0; from < lanes; from += chunk) {
      // The last chunk reaches back, so that all chunks have one size.
      const first = Math.min(from, lanes - chunk);
      all.set((await program.run({ rounds: numbersAt(lanesOf(rounds, first, chunk)) })).scores, first * count);
    }
    return all;
  } finally {
    await program.dispose();
  }
}

/** Some lanes of what the server saw, round by round. */
function lanesOf(rounds: Observations["rounds"], first: number, count: number) {
  const named = (numbers: NamedNumbers = new Map()) =>
    Object.fromEntries(
      [...numbers].map(([name, { shape, data }]) => {
        const size = data.length / shape[0]!;
        return [name, { shape: [count, ...shape.slice(1)], data: data.subarray(first * size, (first + count) * size) }];
      }),
    );
  return Object.fromEntries(
    rounds.map(({ updates, published }, r) => [String(r), { updates: named(updates), published: named(published) }]),
  );
}
