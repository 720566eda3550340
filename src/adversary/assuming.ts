import { type Batch, type Client, exactly } from "../client/index.ts";
import type { Disclosed, Likelihood } from "../defenses/index.ts";
import { kernelOf } from "../distributions/index.ts";
import { concat, constant, Gradients, root, sizeOf, type Tensor, where } from "../graph/index.ts";
import type { Prior } from "../priors/index.ts";
import { fillNormal, fillUniform, foldIn, type KeyBits } from "../random/index.ts";
import { evaluate } from "../runtime/index.ts";
import { algorithm1, type Joint } from "./algorithm-1.ts";
import type { Attack, Observations, Progress, Run } from "./attack.ts";
import { type Ball, jensen, logMeanExp } from "./ball.ts";
import { observedFactors } from "./low-rank.ts";
import { type Given, type Iterate, minimize, type Problem, slowestStep } from "./search/minimize.ts";
import type { Search } from "./search/search.ts";

/** The ball B(x, δ) of an assumption, around each image of a batch. */
export interface Neighborhood {
  /** k, the points drawn in it at each step. */
  readonly samples: number;
  /** δ. */
  readonly radius: number;
  /** Where δ is a distance: between images in [0, 1], or as the network sees them. */
  readonly space: "pixel" | "model";
  readonly bound: "jensen" | "log-mean-exp";
  readonly points: "independent" | "antithetic";
}

/** What an attacker believes. */
export interface Assumption {
  readonly likelihood: Likelihood;
  readonly prior: Prior;
  /** Labels are looked for together with the pictures, as probabilities softmax(ŷ), instead of given. */
  readonly jointLabels: boolean;
  /** The ball that Algorithm 1 averages over; without one, or with a radius of 0, the attack judges single points. */
  readonly ball?: Neighborhood;
}

/** An attack, and what it is made of. */
export interface AssumptionAndSearch extends Attack {
  readonly assumption: Assumption;
  readonly search: Search;
}

/**
 * The attack that maximizes log p(g | x) + log p(x) for what it assumes, on average over the ball, by the given search. Both are taken without their constants, which
 * change neither the maximum nor any step on the way, and would leave float32 without digits: the objectives that it reports lack them.
 *
 * In the box of a search the prior is 0 outside: with Jensen's bound points of the ball are projected onto the box (literally the bound would be −∞ on every image
 * with a black pixel); with log-mean-exp they have no mass.
 */
export const assuming = (assumption: Assumption, search: Search): AssumptionAndSearch => ({
  assumption,
  search,
  async *reconstruct(seen, keys, run = {}) {
    const { problem, unpack } = pose(assumption, search, seen, keys, run);
    for await (const iterate of minimize(search, problem, run)) yield progress(search, seen, iterate, unpack);
  },
});

/** The box [0, 1] of pixels in model space, as bounds that broadcast against images [..., ...shape]. */
function bounds({ model: { shape, normalization } }: Client): { low: Tensor; high: Tensor } {
  const perChannel = (numbers: readonly number[]) => constant(numbers, [numbers.length, ...shape.slice(1).map(() => 1)]);
  return {
    low: perChannel(normalization.mean.map((mean, c) => -mean / normalization.std[c]!)),
    high: perChannel(normalization.mean.map((mean, c) => (1 - mean) / normalization.std[c]!)),
  };
}

/** Algorithm 1's objective, −[log p(g | x) + log p(x)] up to a constant, as a problem for the search. */
function pose(
  { likelihood, prior, jointLabels, ball }: Assumption,
  search: Search,
  seen: Observations,
  keys: readonly KeyBits[],
  run: Run,
) {
  const { client, batchSize: b, lanes } = seen;
  const { shape, classes } = client.model;
  const pixels = b * sizeOf(shape);
  const { low, high } = bounds(client);
  // Vectors have no box.
  const boxed = search.box && shape.length === 3;
  const picture = (point: Tensor) => point.range(-1, 0, pixels).reshape([...point.shape.slice(0, -1), b, ...shape]);
  const guessed = (point: Tensor) => point.range(-1, pixels, point.size).reshape([b, classes]);
  const size = pixels + (jointLabels ? b * classes : 0);
  const project = (point: Tensor) => {
    const inside = picture(point).clip(low, high);
    const flat = inside.reshape([...point.shape.slice(0, -1), pixels]);
    return jointLabels ? concat([flat, point.range(-1, pixels, size)], point.rank - 1) : flat;
  };
  const thin = observedFactors(seen);
  const joint =
    ({ seen: given, exact, consensus, width }: Given) =>
    (point: Tensor): Joint => {
      const own = exact ? exactly(client) : client;
      const batch: Batch = { x: picture(point), y: jointLabels ? guessed(point).logSoftmax().exp() : given.y! };
      const update = new Gradients(
        new Map(client.parameters.map(({ name }) => [name, given[`g.${name}`]!])),
        false,
        new Map([...thin.keys()].map((name) => [name, { left: given[`left.${name}`]!, right: given[`right.${name}`]! }])),
      );
      const open: Disclosed = Object.fromEntries([...(seen.open?.keys() ?? [])].map((name) => [name, given[`open.${name}`]!]));
      const relative = () => own.gradients(batch).squaredDistance(update).div(update.squaredNorm());
      const terms = [
        kernelOf(prior.density(own), batch),
        ...(boxed && ball?.bound === "log-mean-exp" ? [massInside(batch.x, low, high)] : []),
        ...(consensus ? [apart(batch.x, consensus.x).mul(consensus.weight).neg()] : []),
      ];
      return {
        likelihood: kernelOf((width ? likelihood.widened!(width) : likelihood).given(own)(batch, open), update),
        prior: terms.reduce((sum, term) => sum.add(term)),
        ...(likelihood.cancels && !exact ? { relative: relative() } : {}),
      };
    };
  const around = ball && ball.radius > 0 && ball.samples > 0 ? ballOf(ball, client, b, size, boxed ? project : undefined) : undefined;
  const lanesOf = (tensors: ReadonlyMap<string, Float32Array>, prefix: string, shapes: (name: string) => readonly number[]) =>
    Object.fromEntries([...tensors].map(([name, data]) => [`${prefix}.${name}`, { shape: [lanes, ...shapes(name)], data }]));

  const problem: Problem = {
    lanes,
    size,
    pictures: [b, ...shape],
    cancels: likelihood.cancels,
    seen: {
      ...lanesOf(seen.updates, "g", (name) => shapeOf(seen, name)),
      ...lanesOf(new Map([...thin].map(([name, { left }]) => [name, left])), "left", (name) => [b, shapeOf(seen, name)[0]!]),
      ...lanesOf(new Map([...thin].map(([name, { right }]) => [name, right])), "right", (name) => [b, shapeOf(seen, name)[1]!]),
      ...(seen.open
        ? lanesOf(new Map([...seen.open].map(([name, { data }]) => [name, data])), "open", (name) => seen.open!.get(name)!.shape)
        : {}),
      ...(jointLabels ? {} : { y: { shape: [lanes, b, classes], data: seen.labels! } }),
    },
    iterate: (given, state) => algorithm1(joint(given), search.optimizer, around)(given, state),
    project: boxed ? project : (point) => point,
    start: startingPoints(search, keys, size, pixels, run.start),
    keys: keys.flatMap((key) => Array.from({ length: search.restarts }, (_, r) => foldIn(foldIn(key, r), 2))),
  };
  return { problem, unpack: { pixels, size, jointLabels } };
}

/** 0 where every entry lies in the box, −∞ elsewhere. */
const massInside = (x: Tensor, low: Tensor, high: Tensor): Tensor =>
  where(x.sub(low).minimum(high.sub(x)).neg().max().lessEqual(0), 0, Number.NEGATIVE_INFINITY);

/** Σ over images of their Euclidean distance from what restarts agree on; its derivative is 0 where they are equal. */
function apart(x: Tensor, agreed: Tensor): Tensor {
  return root(x.sub(agreed.reshape(x.shape)).reshape([x.shape[0]!, -1]).square().sum(1)).sum();
}

function ballOf(
  { samples, radius, space, bound, points }: Neighborhood,
  { model: { shape, normalization } }: Client,
  rows: number,
  size: number,
  project?: (x: Tensor) => Tensor,
): Ball {
  const d = sizeOf(shape);
  const perChannel = d / normalization.std.length;
  const halfAxes = Float64Array.from({ length: d }, (_, i) =>
    space === "model" ? radius : radius / normalization.std[Math.floor(i / perChannel)]!,
  );
  return {
    samples,
    rows,
    halfAxes: constant(halfAxes),
    points,
    rest: size - rows * d,
    mean: bound === "jensen" ? jensen : logMeanExp,
    ...(project && bound === "jensen" ? { project } : {}),
  };
}

const shapeOf = ({ client }: Observations, name: string) => client.parameters.find((parameter) => parameter.name === name)!.shape;

/** Starting points [lanes, restarts, size]: restart r of a lane is drawn with the lane's key folded with r; labels ŷ with that key folded with 1. */
function startingPoints(
  { start, restarts }: Search,
  keys: readonly KeyBits[],
  size: number,
  pixels: number,
  given?: Float32Array,
): Float32Array {
  const points = new Float32Array(keys.length * restarts * size);
  keys.forEach((key, lane) => {
    for (let r = 0; r < restarts; r++) {
      const own = foldIn(key, r);
      const at = (lane * restarts + r) * size;
      const x = points.subarray(at, at + pixels);
      if (given) x.set(given.subarray(lane * pixels, (lane + 1) * pixels));
      else if (start !== "zeros") (start === "normal" ? fillNormal : fillUniform)(own, x);
      fillNormal(foldIn(own, 1), points.subarray(at + pixels, at + size));
    }
  });
  return points;
}

/** Reads an iterate: of each lane the restart that explains the update best, as far as the attacker can tell. */
function progress(
  search: Search,
  seen: Observations,
  iterate: Iterate,
  { pixels, size, jointLabels }: { pixels: number; size: number; jointLabels: boolean },
): Progress {
  const { restarts } = search;
  const chosen = Array.from({ length: seen.lanes }, (_, lane) => {
    let best = lane * restarts;
    for (let i = best + 1; i < (lane + 1) * restarts; i++)
      if (iterate.failed[best] || (!iterate.failed[i] && iterate.matching[i]! < iterate.matching[best]!)) best = i;
    return best;
  });
  const rows = (from: number, to: number) => {
    const out = new Float32Array(seen.lanes * (to - from));
    chosen.forEach((i, lane) => {
      const points = iterate.failed[i] || search.result === "best" ? iterate.bestPoint : iterate.point;
      out.set(points.subarray(i * size + from, i * size + to), lane * (to - from));
    });
    return out;
  };
  return {
    step: slowestStep(iterate, search.steps),
    of: search.steps,
    lanes: chosen.map((i) => ({
      objective: iterate.value[i]!,
      matching: iterate.matching[i]!,
      steps: iterate.steps[i]!,
      evaluations: iterate.evaluations[i]!,
      stopped: iterate.failed[i] ? "nan" : iterate.converged[i] ? "converged" : null,
    })),
    pictures: () => rows(0, pixels),
    labels: () => {
      if (!jointLabels) return seen.labels!;
      const { classes } = seen.client.model;
      const logits = constant(rows(pixels, size), [seen.lanes, seen.batchSize, classes]);
      return Float32Array.from(evaluate([logits.logSoftmax().exp()])[0]!.data);
    },
  };
}
