import { constant, filled, type Shape, type ShapedNumbers, sizeOf, type Tensor, vmap, where } from "../../graph/index.ts";
import type { Rate, State } from "../../optimizers/index.ts";
import { Key, type KeyBits, stream } from "../../random/index.ts";
import { type CompileOptions, compileNested, evaluate, type Filled, inputsAt, type Nested, numbersAt } from "../../runtime/index.ts";
import type { Iterated, Iteration } from "../algorithm-1.ts";
import { openConsensus } from "./consensus.ts";
import type { Search } from "./search.ts";

/** What an iteration of a problem receives in one lane. */
export interface Given<Seen> extends Iteration {
  /** What the objective depends on, apart from x. */
  readonly seen: Filled<Seen, Tensor>;
  /** Whether the objective takes the form that does not cancel. */
  readonly exact: boolean;
  /** The width of the assumed noise, in true widths. */
  readonly width?: Tensor;
  /** What restarts agree on, and its weight: the term of a {@link Search.group}. */
  readonly consensus?: { readonly x: Tensor; readonly weight: Tensor };
}

/** One minimization problem in many lanes. */
export interface Problem<Seen extends Nested<ShapedNumbers>> {
  readonly lanes: number;
  /** The number of entries of a point. */
  readonly size: number;
  /** The shape of the inputs that a point begins with, [B, ...]. */
  readonly inputs: Shape;
  /** What the objective depends on in each lane, apart from the point. */
  readonly seen: Seen;
  /** Builds an iteration for one lane. */
  iterate(given: Given<Seen>, state: State): Iterated;
  /** Whether the fast form of the objective cancels near a perfect match. */
  readonly cancels: boolean;
  /** Projects a point of one lane onto the support. */
  project(point: Tensor, seen: Filled<Seen, Tensor>): Tensor;
  /** The starting points, [lanes, restarts, size]. */
  readonly start: Float32Array;
  /**
   * The keys of the restarts, lane by lane. Evaluation n uses their stream `iterate` folded with n.
   */
  readonly keys: readonly KeyBits[];
}

/** Everything that a lane carries from call to call. */
type Carried<Leaf> = {
  readonly point: Leaf;
  readonly steps: Leaf;
  /** The step at which the objective was last the best so far. */
  readonly improved: Leaf;
  readonly evaluations: Leaf;
  /** 1 if the objective was not a number. */
  readonly failed: Leaf;
  /** 1 if nothing was left to gain. */
  readonly converged: Leaf;
  /** 1 if the search ended because it found no descent. */
  readonly stuck: Leaf;
  readonly value: Leaf;
  readonly matching: Leaf;
  readonly bestValue: Leaf;
  readonly bestPoint: Leaf;
  readonly optimizer: { readonly [name: string]: Leaf };
};

/** The state of all lanes and restarts after a call. Each array is [lanes, restarts, …]. */
export type Iterate = Carried<Float32Array>;

/** Below this ratio the expanded square has lost its digits in float32. */
const cancellation = 1e-3;

/**
 * What a lane receives in a call, by its own steps: the learning rate, the factor and the width of
 * the likelihood, the factor of the ball's radius, whether one of these three has changed, and the
 * weight of the consensus.
 */
type Schedule<Leaf> = {
  readonly rate: Leaf;
  readonly factor?: Leaf;
  readonly width?: Leaf;
  readonly shrink?: Leaf;
  readonly renewed?: Leaf;
  readonly agreement?: Leaf;
};

/**
 * If nothing is left to gain while the likelihood is still annealed or widened, or the ball still
 * shrinks, the step is done, but not the lane.
 */
function untilWhole(
  { completed, converged, stuck }: Iterated,
  { shrink, steps }: Search,
  schedule: Pick<Schedule<Tensor>, "factor" | "width" | "shrink">,
): Pick<Iterated, "completed" | "converged" | "stuck"> {
  if (!converged) return { completed };
  const [factor, width] = [schedule.factor ?? constant(1), schedule.width ?? constant(1)];
  const smallest = schedule.shrink?.lessEqual(Math.fround(shrink!(steps - 1, steps)));
  const full = factor.greaterEqual(1).and(width.lessEqual(1));
  const whole = smallest ? full.and(smallest) : full;
  const ended = stuck ? converged.or(stuck) : converged;
  return {
    completed: where(ended.and(whole.not()), 1, completed),
    converged: converged.and(whole),
    ...(stuck ? { stuck: stuck.and(whole) } : {}),
  };
}

/** The parts of one call in one lane. */
interface Step<Seen extends Nested<ShapedNumbers>> {
  readonly search: Search;
  readonly problem: Problem<Seen>;
  readonly exact: boolean;
}

/** A lane during a call. */
type LaneState<Seen> = {
  readonly seen: Filled<Seen, Tensor>;
  readonly run: Carried<Tensor>;
  readonly schedule: Schedule<Tensor>;
  readonly key: Tensor;
  readonly consensus?: Tensor;
};

/**
 * One evaluation of the objective and one transition of the optimizer. A lane that is done keeps
 * its point.
 */
function step<Seen extends Nested<ShapedNumbers>>(
  { search, problem, exact }: Step<Seen>,
  { seen, run, schedule, key: seed, consensus }: LaneState<Seen>,
): { readonly run: Carried<Tensor>; readonly relative?: Tensor } {
  const { rate, factor, width, shrink, renewed, agreement } = schedule;
  const { point } = run;
  // An optimizer that compares values has one objective: the points of its ball stay the same.
  const key = new Key(seed).foldIn(search.optimizer.comparesValues ? 0 : run.evaluations);
  const bestBefore = renewed ? where(renewed.greater(0), Number.POSITIVE_INFINITY, run.bestValue) : run.bestValue;
  const next = problem.iterate(
    {
      x: point,
      seen,
      exact,
      key: key.stream("ball"),
      rate,
      ...(factor ? { factor } : {}),
      ...(width ? { width } : {}),
      ...(shrink ? { shrink } : {}),
      ...(renewed ? { renewed } : {}),
      ...(agreement ? { consensus: { x: consensus!, weight: agreement } } : {}),
    },
    run.optimizer,
  );
  const { value, matching, relative, massless } = next;
  const moved = search.langevin ? next.point.add(key.stream("langevin").normal([problem.size]).mul(rate.mul(search.langevin))) : next.point;
  const running = run.failed.add(run.converged).add(run.stuck).equal(0).and(run.steps.less(search.steps));
  // An optimizer that steps back from such points fails only if it begins at one.
  const finite = value.isFinite();
  const broken = (massless ? finite.or(massless) : finite).not();
  const fails = running.and(search.optimizer.recovers ? broken.and(run.evaluations.equal(0)) : broken);
  const goes = running.and(fails.not());
  const improves = running.and(value.less(bestBefore));
  const { completed, converged, stuck } = renewed ? untilWhole(next, search, schedule) : next;
  const steps = run.steps.add(where(goes, completed, 0));
  // What no patience asks for stays as it was.
  const improved = search.patience === undefined ? run.improved : where(improves, steps, run.improved);
  const idle = search.patience === undefined ? undefined : steps.sub(improved).greaterEqual(search.patience);
  const settled = converged && idle ? converged.or(idle) : (converged ?? idle);
  return {
    run: {
      point: where(goes, problem.project(moved, seen), point),
      steps,
      improved,
      evaluations: run.evaluations.add(running.toFloat()),
      failed: where(fails, 1, run.failed),
      converged: settled ? where(running.and(settled), 1, run.converged) : run.converged,
      stuck: stuck ? where(running.and(stuck), 1, run.stuck) : run.stuck,
      value: where(running, value, run.value),
      matching: where(running, matching, run.matching),
      bestValue: where(improves, value, where(running, bestBefore, run.bestValue)),
      bestPoint: where(improves, point, run.bestPoint),
      optimizer: next.state,
    },
    ...(exact ? {} : { relative: relative ?? constant(1) }),
  };
}

/**
 * Minimizes in all lanes at once, with one program call per iterate, until every lane has done its
 * steps or failed.
 */
export async function* minimize<Seen extends Nested<ShapedNumbers>>(
  search: Search,
  problem: Problem<Seen>,
  options: CompileOptions,
): AsyncGenerator<Iterate> {
  const lanes: Shape = search.restarts === 1 ? [problem.lanes] : [problem.lanes, search.restarts];
  const initial = initialState(search, problem, lanes);
  const each = { shape: lanes };
  const places = {
    seen: problem.seen,
    schedule: {
      rate: each,
      ...(search.anneal ? { factor: each } : {}),
      ...(search.widen ? { width: each } : {}),
      ...(search.shrink ? { shrink: each } : {}),
      ...(search.anneal || search.widen || search.shrink ? { renewed: each } : {}),
      ...(search.group ? { agreement: each } : {}),
    },
    run: mapRun(initial, ({ shape }) => ({ shape })),
    key: { shape: [...lanes, 2], dtype: "key" as const },
    ...(search.group ? { consensus: { shape: [...lanes, sizeOf(problem.inputs)] } } : {}),
  };
  const build = (exact: boolean) => {
    const { seen, ...own } = inputsAt(places) as unknown as LaneState<Seen>;
    const one = (lane: LaneState<Seen>) => step({ search, problem, exact }, lane);
    type Own = Omit<LaneState<Seen>, "seen">;
    const lane =
      search.restarts === 1
        ? (lane: { seen: never; own: Own }) => one({ seen: lane.seen, ...lane.own })
        : (lane: { seen: never; own: Own }) => vmap((restart: Own) => one({ seen: lane.seen, ...restart }))(lane.own);
    return compileNested(vmap(lane)({ seen: seen as never, own }), { ...options, fixed: { seen: numbersAt(problem.seen) } });
  };
  let carried = mapRun(initial, ({ data }) => data);
  const key = Uint32Array.from(problem.keys.flatMap((own) => stream(own, "iterate")));
  const consensus = search.group ? await openConsensus(search.group, lanes, problem, options) : undefined;
  let exact = !problem.cancels;
  let program = await build(exact);
  const schedules = schedulesOf(search);
  try {
    for (;;) {
      const slowest = slowestStep(carried, search.steps);
      if (slowest >= search.steps) return;
      const agreed = consensus && (await consensus.at(slowest, carried.point));
      const outputs = await program.run({
        run: carried,
        key,
        schedule: {
          ...schedules.at(carried.steps),
          ...(agreed ? { agreement: new Float32Array(sizeOf(lanes)).fill(agreed.weight) } : {}),
        },
        ...(agreed ? { consensus: agreed.x } : {}),
      });
      if (outputs.relative && cancels(outputs.relative, carried.failed)) {
        // The result of this call has lost its digits already, so it is repeated in the exact form.
        exact = true;
        await program.dispose();
        program = await build(exact);
        continue;
      }
      schedules.made();
      carried = outputs.run as unknown as Carried<Float32Array>;
      yield carried;
    }
  } finally {
    await program.dispose();
    await consensus?.dispose();
  }
}

/**
 * Whether an active lane is so near its match that the fast form of the objective has lost its
 * digits.
 */
function cancels(relative: Float32Array, failed: Float32Array): boolean {
  for (let i = 0; i < relative.length; i++) if (failed[i] === 0 && relative[i]! < cancellation) return true;
  return false;
}

/** The steps of the slowest active lane; `of` if no lane is active. */
export function slowestStep(
  { steps, failed, converged, stuck }: Pick<Iterate, "steps" | "failed" | "converged" | "stuck">,
  of: number,
): number {
  let least = of;
  for (let i = 0; i < steps.length; i++) if (steps[i]! < least && !failed[i] && !converged[i] && !stuck[i]) least = steps[i]!;
  return least;
}

/**
 * The schedule of every lane and restart, each by its own steps, so that a lane does not depend on
 * its neighbors. The best value belongs to one objective: under another factor or width of the
 * likelihood a lane is renewed, and its record of the best starts over.
 */
function schedulesOf({ rate, anneal, widen, shrink, steps }: Search) {
  const table = (schedule: Rate) => Float32Array.from({ length: steps + 1 }, (_, step) => schedule(Math.min(step, steps - 1), steps));
  const tables = {
    rate: table(rate),
    ...(anneal ? { factor: table(anneal) } : {}),
    ...(widen ? { width: table(widen) } : {}),
    ...(shrink ? { shrink: table(shrink) } : {}),
  };
  const all = Object.entries(tables);
  const changing = all.filter(([name]) => name !== "rate");
  let before: Float32Array | undefined;
  let now: Float32Array | undefined;
  return {
    at(done: Float32Array): Schedule<Float32Array> {
      now = done;
      const own: Record<string, Float32Array> = {};
      for (const [name, values] of all) own[name] = valuesAt(values, done);
      if (changing.length > 0)
        own.renewed = done.map((step, i) =>
          Number(before !== undefined && changing.some(([, values]) => values[step] !== values[before![i]!])),
        );
      return own as Schedule<Float32Array>;
    },
    /** The call was made, and its objective is the one to compare with. */
    made() {
      before = now;
    },
  };
}

/** The value of a table at each step. */
function valuesAt(table: Float32Array, steps: Float32Array): Float32Array {
  const values = new Float32Array(steps.length);
  for (let i = 0; i < steps.length; i++) values[i] = table[steps[i]!]!;
  return values;
}

/** The same run with other leaves. */
const mapRun = <From, To>({ optimizer, ...run }: Carried<From>, change: (leaf: From) => To): Carried<To> => {
  const each = (leaves: { readonly [name: string]: From }) =>
    Object.fromEntries(Object.entries(leaves).map(([name, leaf]) => [name, change(leaf)]));
  return { ...each(run), optimizer: each(optimizer) } as unknown as Carried<To>;
};

function initialState<Seen extends Nested<ShapedNumbers>>(
  { optimizer }: Search,
  { start, size }: Problem<Seen>,
  lanes: Shape,
): Carried<ShapedNumbers> {
  const count = sizeOf(lanes);
  const everywhere = (value: Tensor): ShapedNumbers => {
    const one = Float32Array.from(evaluate([value])[0]!.data);
    const data = new Float32Array(count * one.length);
    for (let lane = 0; lane < count; lane++) data.set(one, lane * one.length);
    return { shape: [...lanes, ...value.shape], data };
  };
  const scalar = (value: number) => everywhere(constant(value));
  return {
    point: { shape: [...lanes, size], data: start },
    steps: scalar(0),
    improved: scalar(0),
    evaluations: scalar(0),
    failed: scalar(0),
    converged: scalar(0),
    stuck: scalar(0),
    value: scalar(Number.NaN),
    matching: scalar(Number.NaN),
    bestValue: scalar(Number.POSITIVE_INFINITY),
    bestPoint: everywhere(filled(0, [size])),
    optimizer: Object.fromEntries(Object.entries(optimizer.init(size)).map(([name, tensor]) => [name, everywhere(tensor)])),
  };
}
