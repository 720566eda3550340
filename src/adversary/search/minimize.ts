import { constant, filled, grad, input, type Shape, sizeOf, type Tensor, vmap, where } from "../../graph/index.ts";
import { type CompileOptions, compile, evaluate, type Program } from "../../runtime/index.ts";
import type { State } from "./optimizer.ts";
import type { Search } from "./search.ts";

/** What is minimized, for one lane: the objective at a point [d], and what the search wants to know beside it. */
export interface Objective {
  readonly value: Tensor;
  /** The part that tells restarts apart: how well the update is explained. */
  readonly matching: Tensor;
  /** ‖g − G‖² / ‖g‖² where the objective is computed through it by a form that cancels; below {@link cancellation} the exact form takes over. */
  readonly relative?: Tensor;
}

/** One minimization problem in many lanes. */
export interface Problem {
  readonly lanes: number;
  /** Entries of a point. */
  readonly size: number;
  /** Per lane: what the objective depends on beside the point, by name, with the lane axis in front. */
  readonly seen: Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>;
  /** Builds the objective for one lane; `exact` asks for the form that does not cancel. */
  objective(point: Tensor, seen: Readonly<Record<string, Tensor>>, exact: boolean): Objective;
  /** Whether the fast form of the objective cancels near a perfect match. */
  readonly cancels: boolean;
  /** Brings a point back into the support. */
  project(point: Tensor): Tensor;
  /** Starting points [lanes, restarts, size]. */
  readonly start: Float32Array;
}

/** The state of all lanes and restarts after a call: each array is [lanes, restarts, …]. */
export interface Iterate {
  readonly point: Float32Array;
  readonly value: Float32Array;
  readonly matching: Float32Array;
  readonly steps: Float32Array;
  readonly evaluations: Float32Array;
  /** 1 where the objective was not a number. */
  readonly failed: Float32Array;
  /** 1 where nothing was left to gain. */
  readonly converged: Float32Array;
  readonly bestPoint: Float32Array;
}

/** Below this ratio the expanded square has lost its digits in float32. */
const cancellation = 1e-3;

/** All that a lane carries from call to call. */
type Carried = { readonly [name: string]: Tensor };

const scalars = {
  steps: 0,
  evaluations: 0,
  failed: 0,
  converged: 0,
  value: Number.NaN,
  matching: Number.NaN,
  bestValue: Number.POSITIVE_INFINITY,
} as const;

/** One call for one lane: an evaluation of the objective and a transition of the optimizer. A lane that is done keeps its point. */
function step(
  search: Search,
  problem: Problem,
  exact: boolean,
  rate: Tensor,
  seen: Readonly<Record<string, Tensor>>,
  run: Carried,
): Carried {
  const point = run.point!;
  const { value, matching, relative } = problem.objective(point, seen, exact);
  const [gradient] = grad(value, [point]);
  const state: State = Object.fromEntries(
    Object.entries(run).flatMap(([name, tensor]) => (name.startsWith("optimizer.") ? [[name.slice(10), tensor]] : [])),
  );
  const next = search.optimizer.update({ point, value, gradient: gradient!, rate }, state);
  const running = run.failed!.add(run.converged!).equal(0).and(run.steps!.less(search.steps));
  // An optimizer that steps back from such points fails only where it begins at one.
  const broken = value.isFinite().not();
  const fails = running.and(search.optimizer.recovers ? broken.and(run.evaluations!.equal(0)) : broken);
  const goes = running.and(fails.not());
  const improves = running.and(value.less(run.bestValue!));
  return {
    point: where(goes, problem.project(next.point), point),
    steps: run.steps!.add(where(goes, next.completed, 0)),
    evaluations: run.evaluations!.add(running.toFloat()),
    failed: where(fails, 1, run.failed!),
    converged: next.converged ? where(running.and(next.converged), 1, run.converged!) : run.converged!,
    value: where(running, value, run.value!),
    matching: where(running, matching, run.matching!),
    bestValue: where(improves, value, run.bestValue!),
    bestPoint: where(improves, point, run.bestPoint!),
    relative: relative ?? constant(1),
    ...Object.fromEntries(Object.entries(next.state).map(([name, tensor]) => [`optimizer.${name}`, tensor])),
  };
}

/** Minimizes in all lanes at once, one program call an iterate, until every lane has done its steps or failed. */
export async function* minimize(search: Search, problem: Problem, options: CompileOptions): AsyncGenerator<Iterate> {
  const lanes: Shape = search.restarts === 1 ? [problem.lanes] : [problem.lanes, search.restarts];
  const initial = initialState(search, problem, lanes);
  const fixed = Object.fromEntries(Object.entries(problem.seen).map(([name, { data }]) => [`seen.${name}`, data]));
  const build = (exact: boolean): Promise<Program> => {
    const rate = input("rate", []);
    const seen = Object.fromEntries(Object.entries(problem.seen).map(([name, { shape }]) => [name, input(`seen.${name}`, shape)]));
    const run = Object.fromEntries(Object.entries(initial).map(([name, { shape }]) => [name, input(name, shape)]));
    const one = (at: { seen: Readonly<Record<string, Tensor>>; run: Carried }): Carried =>
      step(search, problem, exact, rate, at.seen, at.run);
    const each =
      search.restarts === 1
        ? one
        : (at: { seen: Readonly<Record<string, Tensor>>; run: Carried }) =>
            vmap((own: Carried) => one({ seen: at.seen, run: own }))(at.run);
    return compile(vmap(each)({ seen, run }), { ...options, fixed });
  };
  let carried: Readonly<Record<string, Float32Array>> = Object.fromEntries(Object.entries(initial).map(([name, { data }]) => [name, data]));
  let exact = !problem.cancels;
  let program = await build(exact);
  try {
    for (;;) {
      const slowest = slowestStep(carried as unknown as Iterate, search.steps);
      if (slowest >= search.steps) return;
      const outputs = (await program.run({ ...carried, rate: Float32Array.of(search.rate(slowest, search.steps)) })) as Record<
        string,
        Float32Array
      >;
      const { relative, ...next } = outputs;
      if (!exact && relative!.some((ratio, i) => carried.failed![i] === 0 && ratio < cancellation)) {
        // What this call computed has lost its digits already: it is repeated in the exact form.
        exact = true;
        await program.dispose();
        program = await build(exact);
        continue;
      }
      carried = next;
      yield carried as unknown as Iterate;
    }
  } finally {
    await program.dispose();
  }
}

/** Steps of the lane that is furthest behind, of those that go on; `of` when none does. */
export function slowestStep({ steps, failed, converged }: Iterate, of: number): number {
  return steps.reduce((least, done, i) => (failed[i] || converged[i] ? least : Math.min(least, done)), of);
}

function initialState({ optimizer }: Search, { start, size }: Problem, lanes: Shape): Record<string, { shape: Shape; data: Float32Array }> {
  const count = sizeOf(lanes);
  const spread = (constants: Readonly<Record<string, Tensor>>) =>
    Object.entries(constants).map(([name, tensor]) => {
      const one = Float32Array.from(evaluate([tensor])[0]!.data);
      const data = new Float32Array(count * one.length);
      for (let lane = 0; lane < count; lane++) data.set(one, lane * one.length);
      return [name, { shape: [...lanes, ...tensor.shape], data }] as const;
    });
  const state = Object.fromEntries(Object.entries(optimizer.init(size)).map(([name, tensor]) => [`optimizer.${name}`, tensor]));
  const counters = Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, constant(value)]));
  return {
    point: { shape: [...lanes, size], data: start },
    ...Object.fromEntries(spread({ ...counters, bestPoint: filled(0, [size]), ...state })),
  };
}
