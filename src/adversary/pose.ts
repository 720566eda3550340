import type { Batch, Client } from "../client/index.ts";
import type { Likelihood, Published } from "../defenses/index.ts";
import { kernelOf } from "../distributions/index.ts";
import { LeakageError } from "../errors.ts";
import {
  concat,
  constant,
  Gradients,
  input,
  type NamedNumbers,
  root,
  type ShapedNumbers,
  sizeOf,
  type Tensor,
  vmap,
} from "../graph/index.ts";
import { areImages, boxOf, stretchedRadius } from "../models/index.ts";
import { climbed } from "../priors/index.ts";
import { fillNormal, fillUniform, foldIn, Key, type KeyBits, stream } from "../random/index.ts";
import { type CompileOptions, compileNested, evaluate, inputsAt, numbersAt } from "../runtime/index.ts";
import { algorithm1, averaged, type Joint } from "./algorithm-1.ts";
import type { Assumption, Layout, Neighborhood } from "./assumption.ts";
import type { Candidates } from "./attack.ts";
import { type Ball, jensen, logMeanExp } from "./ball.ts";
import { type LowRank, observedFactors } from "./low-rank.ts";
import type { Observations, Outline } from "./observations.ts";
import type { Given, Problem } from "./search/minimize.ts";
import type { Search } from "./search/search.ts";

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
type Depends = Pick<Given<SeenNumbers<ShapedNumbers>>, "seen" | "exact" | "width" | "consensus">;

const clientOf = ({ rounds }: Outline): Client => rounds[0]!.client;

/** The layout of a point: its inputs, then the logits of labels that are searched. */
function layoutOf(seen: Outline): Layout {
  const { shape, classes } = clientOf(seen).model;
  const inputs = seen.batchSize * sizeOf(shape);
  return { inputs, size: inputs + (seen.labels ? 0 : seen.batchSize * classes) };
}

/**
 * Poses Algorithm 1's objective, −[log p(g | x) + log p(x)] up to a constant, as a problem for the
 * search.
 */
export function pose(
  assumption: Assumption,
  search: Search,
  seen: Observations,
  keys: readonly KeyBits[],
  start?: Float32Array,
): {
  readonly problem: Problem<SeenNumbers<ShapedNumbers>>;
  readonly layout: Layout;
  /** The starting points, projected as every later point is, [lanes, restarts, size]. */
  readonly begun: Float32Array;
} {
  const { shape } = clientOf(seen).model;
  const layout = layoutOf(seen);
  const { joint, ballFor, project, factors } = objectiveOf(assumption, search, seen);
  const restarts = keys.flatMap((key) => Array.from({ length: search.restarts }, (_, r) => foldIn(key, r)));
  const points = startingPoints(search, restarts, layout, start);
  const begun = project ? projected(points, project, seen, search.restarts) : points;
  return {
    layout,
    begun,
    problem: {
      lanes: seen.lanes,
      size: layout.size,
      inputs: [seen.batchSize, ...shape],
      cancels: assumption.likelihood.cancels,
      seen: numbersOf(seen, factors),
      iterate: (given, state) => algorithm1(joint(given), search.optimizer, ballFor(given.seen.labels))(given, state),
      project: (point, { labels }) => project?.(point, labels) ?? point,
      start: assumption.prior.support ? begun : points,
      keys: restarts,
    },
  };
}

/**
 * Builds what the attack will score, without computing anything.
 *
 * @throws LeakageError `spec` if something does not fit.
 */
export function checkAssumption({ likelihood, prior }: Assumption, search: Search, seen: Outline): void {
  const { batchSize } = seen;
  if (prior.support && search.optimizer.comparesValues)
    throw new LeakageError(
      "spec",
      "This prior is 0 outside a support that the search has to stay in, and the search's optimizer compares values along lines that leave it; use an optimizer such as adam, or another prior.",
    );
  if (prior.score && search.optimizer.comparesValues)
    throw new LeakageError(
      "spec",
      "This prior has only a score and no values, and the search's optimizer compares values; use an optimizer such as adam.",
    );
  for (const { client, published } of seen.rounds) {
    likelihood.check?.(client, batchSize);
    const { shape, classes } = client.model;
    const batch = { x: input("x", [batchSize, ...shape]), y: input("y", [batchSize, classes]) };
    const update = new Gradients(new Map(client.parameters.map((one) => [one.name, input(one.name, one.shape)])));
    const given = [...(published ?? [])].map(([name, one]) => [name, input(`published.${name}`, one.shape.slice(1))]);
    likelihood.given(client)(batch, Object.fromEntries(given)).logProb(update);
    climbed(prior, client)(batch);
  }
}

/** The objective of each lane at several batches, in the form of the last step of the search. */
export async function objectiveAt(
  assumption: Assumption,
  search: Search,
  seen: Observations,
  at: readonly Candidates[],
  keys: readonly KeyBits[],
  options: CompileOptions,
): Promise<readonly Float32Array[]> {
  const labeled = ({ y }: Candidates): Observations => ({ ...seen, labels: y });
  const { joint, ballFor, factors } = objectiveOf(assumption, search, labeled(at[0]!));
  const { steps } = search;
  const last = search.shrink ? { shrink: constant(search.shrink(steps - 1, steps)) } : {};
  const placesOf = (one: Candidates) => ({
    seen: numbersOf(labeled(one), factors),
    x: { shape: [seen.lanes, layoutOf(labeled(one)).inputs], data: one.x },
    key: { shape: [seen.lanes, 2], dtype: "key" as const, data: Uint32Array.from(keys.flat()) },
  });
  const one = (lane: { readonly seen: Depends["seen"]; readonly x: Tensor; readonly key: Tensor }) =>
    averaged(joint({ seen: lane.seen, exact: true }), ballFor(lane.seen.labels))(lane.x, new Key(lane.key).stream("ball"), last).value;
  const program = await compileNested({ value: vmap(one)(inputsAt(placesOf(at[0]!))) }, options);
  try {
    const values: Float32Array[] = [];
    for (const candidate of at) values.push((await program.run(numbersAt(placesOf(candidate)))).value);
    return values;
  } finally {
    await program.dispose();
  }
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

type Projection = (points: Tensor, labels: Tensor | undefined) => Tensor;

/** The starting points [lanes, restarts, size] after a projection, each with the labels of its lane. */
function projected(points: Float32Array, project: Projection, seen: Observations, restarts: number): Float32Array {
  const { batchSize, lanes, labels } = seen;
  const { classes } = clientOf(seen).model;
  const size = points.length / (lanes * restarts);
  const all = {
    points: constant(points, [lanes, restarts, size]),
    ...(labels ? { labels: constant(labels, [lanes, batchSize, classes]) } : {}),
  };
  const moved = vmap((own: { readonly points: Tensor; readonly labels?: Tensor }) => project(own.points, own.labels))(all);
  return Float32Array.from(evaluate([moved])[0]!.data);
}

export function objectiveOf({ likelihood, prior, ball }: Assumption, search: Search, seen: Observations): Objective {
  const { model } = clientOf(seen);
  const { shape, classes } = model;
  const { inputs, size } = layoutOf(seen);
  const { low, high } = boxOf(model);
  const boxed = search.box && areImages(model);
  const examples = (point: Tensor) => point.range(-1, 0, inputs).reshape([...point.shape.slice(0, -1), seen.batchSize, ...shape]);
  const logits = (point: Tensor) => point.range(-1, inputs, point.size).reshape([seen.batchSize, classes]);
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
      const rounds = seen.rounds.map(({ client }, r) => heard(likelihood, given.exact ? client.exactly() : client, given, r, batch));
      const terms = [
        climbed(prior, clientOf(seen))(batch),
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

/**
 * The starting points [lanes, restarts, size], each drawn with the streams of its restart's key.
 */
function startingPoints(
  { start, restarts }: Search,
  keys: readonly KeyBits[],
  { inputs, size }: Layout,
  given?: Float32Array,
): Float32Array {
  const points = new Float32Array(keys.length * size);
  keys.forEach((key, at) => {
    const x = points.subarray(at * size, at * size + inputs);
    const lane = Math.floor(at / restarts);
    if (given) x.set(given.subarray(lane * inputs, (lane + 1) * inputs));
    else if (start !== "zeros") (start === "normal" ? fillNormal : fillUniform)(stream(key, "start"), x);
    fillNormal(stream(key, "labels"), points.subarray(at * size + inputs, (at + 1) * size));
  });
  return points;
}
