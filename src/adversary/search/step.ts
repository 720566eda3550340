import { constant, type Shape, type ShapedNumbers, type Tensor, where } from "../../graph/index.ts";
import type { State } from "../../optimizers/index.ts";
import { Key, type KeyBits } from "../../random/index.ts";
import type { Filled, Nested } from "../../runtime/index.ts";
import type { Iterated, Iteration } from "../algorithm-1.ts";
import type { Schedule } from "./schedules.ts";
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
export type Carried<Leaf> = {
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
export type LaneState<Seen> = {
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
export function step<Seen extends Nested<ShapedNumbers>>(
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
