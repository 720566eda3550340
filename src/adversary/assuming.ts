import { type Batch, exactly } from "../client/index.ts";
import type { Likelihood } from "../defenses/index.ts";
import { concat, constant, Gradients, sizeOf, type Tensor } from "../graph/index.ts";
import type { Prior } from "../priors/index.ts";
import { fillNormal, fillUniform, foldIn, type KeyBits } from "../random/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { Attack, Observations, Progress, Run } from "./attack.ts";
import { type Iterate, minimize, type Problem, slowestStep } from "./search/minimize.ts";
import type { Search } from "./search/search.ts";

/** What an attacker believes. */
export interface Assumption {
  readonly likelihood: Likelihood;
  readonly prior: Prior;
  /** Labels are looked for together with the pictures, as probabilities softmax(ŷ), instead of given. */
  readonly jointLabels: boolean;
}

/** The attack that maximizes log p(g | x) + log p(x) for what it assumes, by the given search. */
export const assuming = (assumption: Assumption, search: Search): Attack => ({
  async *reconstruct(seen, keys, run = {}) {
    const { problem, unpack } = pose(assumption, search, seen, keys, run);
    for await (const iterate of minimize(search, problem, run)) yield progress(search, seen, iterate, unpack);
  },
});

/** Algorithm 1's objective at the center of the ball, −[log p(g | x) + log p(x)], as a problem for the search. */
function pose({ likelihood, prior, jointLabels }: Assumption, search: Search, seen: Observations, keys: readonly KeyBits[], run: Run) {
  const { client, batchSize: b, lanes } = seen;
  const { shape, classes, normalization } = client.model;
  const pixels = b * sizeOf(shape);
  const perChannel = (numbers: readonly number[]) => constant(numbers, [numbers.length, 1, 1]);
  const low = perChannel(normalization.mean.map((mean, c) => -mean / normalization.std[c]!));
  const high = perChannel(normalization.mean.map((mean, c) => (1 - mean) / normalization.std[c]!));
  const picture = (point: Tensor) => point.range(-1, 0, pixels).reshape([b, ...shape]);
  const guessed = (point: Tensor) => point.range(-1, pixels, point.size).reshape([b, classes]);
  const batchOf = (point: Tensor, known?: Tensor): Batch => ({
    x: picture(point),
    y: jointLabels ? guessed(point).logSoftmax().exp() : known!,
  });
  const size = pixels + (jointLabels ? b * classes : 0);

  const problem: Problem = {
    lanes,
    size,
    cancels: likelihood.cancels,
    seen: {
      ...Object.fromEntries([...seen.updates].map(([name, data]) => [`g.${name}`, { shape: [lanes, ...shapeOf(seen, name)], data }])),
      ...(jointLabels ? {} : { y: { shape: [lanes, b, classes], data: seen.labels! } }),
    },
    objective: (point, given, exact) => {
      const own = exact ? exactly(client) : client;
      const batch = batchOf(point, given.y);
      const update = new Gradients(new Map(client.parameters.map(({ name }) => [name, given[`g.${name}`]!])));
      const matching = likelihood.given(own)(batch).logProb(update).neg();
      return {
        value: matching.sub(prior.density(own).logProb(batch)),
        matching,
        ...(likelihood.cancels && !exact ? { relative: own.gradients(batch).squaredDistance(update).div(update.squaredNorm()) } : {}),
      };
    },
    project: (point) => {
      if (!search.box) return point;
      const inside = picture(point).clip(low, high).reshape([pixels]);
      return jointLabels ? concat([inside, point.range(0, pixels, size)]) : inside;
    },
    start: startingPoints(search, keys, size, pixels, run.start),
  };
  return { problem, unpack: { pixels, size, jointLabels } };
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
