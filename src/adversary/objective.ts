import type { Batch, Client } from "../client/index.ts";
import type { Likelihood, Published } from "../defenses/index.ts";
import { kernelOf } from "../distributions/index.ts";
import { LeakageError } from "../errors.ts";
import { concat, constant, Gradients, type NamedNumbers, root, type ShapedNumbers, sizeOf, type Tensor, vmap } from "../graph/index.ts";
import { areImages, boxOf, stretchedRadius } from "../models/index.ts";
import { climbed } from "../priors/index.ts";
import type { Joint } from "./algorithm-1.ts";
import type { Assumption, Layout, Neighborhood } from "./assumption.ts";
import { type Ball, jensen, logMeanExp } from "./ball.ts";
import { type LowRank, observedFactors } from "./low-rank.ts";
import type { Observations, Outline } from "./observations.ts";
import type { Search } from "./search/search.ts";
import type { Given } from "./search/step.ts";

/** What the objective depends on, apart from the inputs that are searched. */
export type SeenNumbers<Leaf> = {
  readonly rounds: {
    readonly [round: string]: {
      readonly update: { readonly [parameter: string]: Leaf };
      /** The thin factors of observed matrices, if they have some: leftᵀ · right. */
      readonly left: { readonly [parameter: string]: Leaf };
      readonly right: { readonly [parameter: string]: Leaf };
      readonly published: { readonly [name: string]: Leaf };
    };
  };
  readonly labels?: Leaf;
};

/** What a density depends on in one iteration, apart from the point. */
export type Depends = Pick<Given<SeenNumbers<ShapedNumbers>>, "seen" | "exact" | "width" | "consensus">;

/** The client of the first round. All rounds have its model. */
export const clientOf = ({ rounds }: Outline): Client => rounds[0]!.client;

/**
 * The layout of a point: its inputs, then the logits of labels and the draws that are searched.
 *
 * @throws LeakageError `spec` for draws that nobody can state.
 */
export function layoutOf({ draws: searched }: Pick<Assumption, "draws">, seen: Outline): Layout {
  const { shape, classes, draws } = clientOf(seen).model;
  if (searched && !draws)
    throw new LeakageError(
      "spec",
      "The draws of this network's forward pass cannot be searched: it has no random layer, or one whose draws are not normal.",
    );
  const inputs = seen.batchSize * sizeOf(shape);
  const labels = seen.labels ? 0 : seen.batchSize * classes;
  return { inputs, labels, size: inputs + labels + (searched ? seen.batchSize * draws!.count : 0) };
}

/** The assumption as functions of a point [d] of one lane. */
interface Objective {
  readonly joint: (given: Depends) => (point: Tensor) => Joint;
  /** The ball of a lane with these labels, if the assumption has one. */
  ballFor(labels: Tensor | undefined): Ball | undefined;
  /** Projects points [..., size] of a lane onto the box and the support of the prior, if there are some. */
  readonly project?: Projection;
  /** The thin factors of the observed matrices, round by round. */
  readonly factors: readonly ReadonlyMap<string, LowRank>[];
}

/** Points [..., size] of a lane with these labels, after a projection. */
export type Projection = (points: Tensor, labels: Tensor | undefined) => Tensor;

/** What an attack scores, as functions of a point. */
export function objectiveOf(assumption: Assumption, search: Search, seen: Observations): Objective {
  const { likelihood, prior, ball, draws } = assumption;
  const { model } = clientOf(seen);
  const { shape, classes } = model;
  const { inputs, labels, size } = layoutOf(assumption, seen);
  const { low, high } = boxOf(model);
  const boxed = search.box && areImages(model);
  const examples = (point: Tensor) => point.range(-1, 0, inputs).reshape([...point.shape.slice(0, -1), seen.batchSize, ...shape]);
  const logits = (point: Tensor) => point.range(-1, inputs, inputs + labels).reshape([seen.batchSize, classes]);
  const drawn = (point: Tensor) => point.range(-1, inputs + labels, size).reshape([seen.batchSize, -1]);
  const support = prior.support?.(clientOf(seen));
  /** Points with other inputs in place of their own. */
  const holding = (points: Tensor, x: Tensor): Tensor => {
    const flat = x.reshape([...points.shape.slice(0, -1), inputs]);
    return size > inputs ? concat([flat, points.range(-1, inputs, size)], points.rank - 1) : flat;
  };
  const intoBox = (points: Tensor) => (boxed ? holding(points, examples(points).clip(low, high)) : points);
  const project: Projection = (points, labels) => {
    const inside = intoBox(points);
    if (!support) return inside;
    const onto = (point: Tensor) => holding(point, support.project({ x: examples(point), y: labels ?? logits(point).logSoftmax().exp() }));
    return inside.rank === 1 ? onto(inside) : vmap(onto)(inside);
  };
  const factors = seen.rounds.map((round) => observedFactors(round, seen));
  const joint =
    (given: Depends) =>
    (point: Tensor): Joint => {
      const batch: Batch = { x: examples(point), y: given.seen.labels ?? logits(point).logSoftmax().exp() };
      const rounds = seen.rounds.map(({ client: known }, r) => {
        const client = draws ? known.withDraws(drawn(point)) : known;
        return heard(likelihood, given.exact ? client.exactly() : client, given, r, batch);
      });
      const terms = [
        climbed(prior, clientOf(seen))(batch),
        ...(draws
          ? [
              drawn(point)
                .square()
                .sum()
                .mul(-0.5 * draws.weight),
            ]
          : []),
        ...(given.consensus ? [apart(batch.x, given.consensus.x).mul(given.consensus.weight).neg()] : []),
      ];
      const relative = given.exact ? [] : rounds.flatMap((round) => round.relative ?? []);
      return {
        likelihood: rounds.map((round) => round.likelihood).reduce((sum, term) => sum.add(term)),
        prior: terms.reduce((sum, term) => sum.add(term)),
        ...(relative.length > 0 ? { relative: relative.reduce((least, one) => least.minimum(one)) } : {}),
      };
    };
  return {
    joint,
    factors,
    ...(boxed || support ? { project } : {}),
    ballFor: (labels) => {
      if (!(ball && ball.radius > 0 && ball.samples > 0)) return undefined;
      // Points outside the support of a prior have little mass, which a mean probability can use and
      // Jensen's bound cannot.
      const whole = support && ball.bound === "jensen" ? (points: Tensor) => project(points, labels) : undefined;
      return ballOf(ball, seen, size, whole ?? (boxed ? intoBox : undefined));
    },
  };
}

/**
 * The likelihood of one round's update and, if the likelihood cancels near a match, the relative
 * distance of its gradient.
 */
function heard(
  likelihood: Likelihood,
  client: Client,
  { seen, width }: Depends,
  round: number,
  batch: Batch,
): Pick<Joint, "likelihood" | "relative"> {
  const { update: entries, left, right, published } = seen.rounds[round]!;
  const thin = Object.keys(left).map((name) => [name, { left: left[name]!, right: right[name]! }] as const);
  const named = client.parameters.map(({ name }) => [name, entries[name]!] as const);
  const update = new Gradients(new Map(named), false, new Map(thin));
  const law = width ? likelihood.widened!(width) : likelihood;
  const compared = update.only(update.names.filter((name) => !likelihood.dropped?.includes(name)));
  return {
    likelihood: kernelOf(law.given(client)(batch, published as Published), update),
    ...(likelihood.cancels
      ? { relative: client.update(batch).only(compared.names).squaredDistance(compared).div(compared.squaredNorm()) }
      : {}),
  };
}

/** The numbers of what the objective depends on, in all lanes. */
export function numbersOf(seen: Observations, factors: Objective["factors"]): SeenNumbers<ShapedNumbers> {
  const rounds = seen.rounds.map(({ updates, published = new Map() }, r) => {
    const side = (which: "left" | "right") =>
      Object.fromEntries(
        [...factors[r]!].map(([name, one]) => {
          const columns = updates.get(name)!.shape[which === "left" ? 1 : 2]!;
          return [name, { shape: [seen.lanes, seen.batchSize, columns], data: one[which] }];
        }),
      );
    const named = (numbers: NamedNumbers) => Object.fromEntries(numbers);
    return [String(r), { update: named(updates), left: side("left"), right: side("right"), published: named(published) }];
  });
  const { classes } = clientOf(seen).model;
  const labels = seen.labels ? { labels: { shape: [seen.lanes, seen.batchSize, classes], data: seen.labels } } : {};
  return { rounds: Object.fromEntries(rounds), ...labels };
}

/**
 * Σ over inputs of their Euclidean distance from what restarts agree on. The derivative is 0 if
 * they are equal.
 */
function apart(x: Tensor, agreed: Tensor): Tensor {
  return root(x.sub(agreed.reshape(x.shape)).reshape([x.shape[0]!, -1]).square().sum(1)).sum();
}

function ballOf(
  { samples, radius, space, bound, points }: Neighborhood,
  seen: Observations,
  size: number,
  project?: (x: Tensor) => Tensor,
): Ball {
  const { model } = clientOf(seen);
  const d = sizeOf(model.shape);
  return {
    samples,
    rows: seen.batchSize,
    halfAxes: constant(space === "model" ? new Float64Array(d).fill(radius) : stretchedRadius(model, radius)),
    points,
    rest: size - seen.batchSize * d,
    mean: bound === "jensen" ? jensen : logMeanExp,
    ...(project ? { project } : {}),
  };
}
