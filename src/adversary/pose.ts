import { LeakageError } from "../errors.ts";
import { constant, Gradients, input, type ShapedNumbers, type Tensor, vmap } from "../graph/index.ts";
import { climbed } from "../priors/index.ts";
import { fillNormal, fillUniform, foldIn, Key, type KeyBits, stream } from "../random/index.ts";
import { type CompileOptions, compileNested, evaluate, inputsAt, numbersAt } from "../runtime/index.ts";
import { algorithm1, averaged } from "./algorithm-1.ts";
import type { Assumption, Layout } from "./assumption.ts";
import type { Candidates } from "./attack.ts";
import { clientOf, type Depends, layoutOf, numbersOf, objectiveOf, type Projection, type SeenNumbers } from "./objective.ts";
import type { Observations, Outline } from "./observations.ts";
import type { Search } from "./search/search.ts";
import type { Problem } from "./search/step.ts";

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
  const layout = layoutOf(assumption, seen);
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
export function checkAssumption(assumption: Assumption, search: Search, seen: Outline): void {
  const { likelihood, prior } = assumption;
  const { batchSize } = seen;
  layoutOf(assumption, seen);
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

/**
 * The objective of each lane at several batches, in the form of the last step of the search. The
 * assumption searches no draws.
 */
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
    x: { shape: [seen.lanes, layoutOf(assumption, labeled(one)).inputs], data: one.x },
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

/**
 * The starting points [lanes, restarts, size], each drawn with the streams of its restart's key.
 */
function startingPoints(
  { start, restarts }: Search,
  keys: readonly KeyBits[],
  { inputs, labels, size }: Layout,
  given?: Float32Array,
): Float32Array {
  const points = new Float32Array(keys.length * size);
  keys.forEach((key, at) => {
    const x = points.subarray(at * size, at * size + inputs);
    const lane = Math.floor(at / restarts);
    if (given) x.set(given.subarray(lane * inputs, (lane + 1) * inputs));
    else if (start !== "zeros") (start === "normal" ? fillNormal : fillUniform)(stream(key, "start"), x);
    fillNormal(stream(key, "labels"), points.subarray(at * size + inputs, at * size + inputs + labels));
    const drawn = at * size + inputs + labels;
    if (drawn < (at + 1) * size) fillNormal(stream(key, "forward"), points.subarray(drawn, (at + 1) * size));
  });
  return points;
}
