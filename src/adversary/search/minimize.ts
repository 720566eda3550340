import { constant, filled, input, type Shape, sizeOf, type Tensor, vmap, where } from "../../graph/index.ts";
import { Key, type KeyBits } from "../../random/index.ts";
import { type CompileOptions, compile, evaluate, type Numbers, type Program } from "../../runtime/index.ts";
import type { Iterated, Iteration } from "../algorithm-1.ts";
import { openConsensus } from "./consensus.ts";
import type { State } from "./optimizer.ts";
import type { Search } from "./search.ts";

/** What an iteration of a problem is given in one lane. */
export interface Given extends Iteration {
  /** What the objective depends on beside x, by name. */
  readonly seen: Readonly<Record<string, Tensor>>;
  /** Asks for the form of the objective that does not cancel. */
  readonly exact: boolean;
  /** How many times as wide as it is the likelihood's noise is taken. */
  readonly width?: Tensor;
  /** What restarts agree on, and its weight: the term of a {@link Search.group}. */
  readonly consensus?: { readonly x: Tensor; readonly weight: Tensor };
}

/** One minimization problem in many lanes. */
export interface Problem {
  readonly lanes: number;
  /** Entries of a point. */
  readonly size: number;
  /** Shape of the pictures that a point begins with, [B, ...]. */
  readonly pictures: Shape;
  /** Per lane: what the objective depends on beside the point, by name, with the lane axis in front. */
  readonly seen: Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>;
  /** Builds an iteration for one lane. */
  iterate(given: Given, state: State): Iterated;
  /** Whether the fast form of the objective cancels near a perfect match. */
  readonly cancels: boolean;
  /** Brings a point back into the support. */
  project(point: Tensor): Tensor;
  /** Starting points [lanes, restarts, size]. */
  readonly start: Float32Array;
  /** Keys of the iterations, a restart of a lane each: lane by lane. */
  readonly keys: readonly KeyBits[];
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
  improved: 0,
  evaluations: 0,
  failed: 0,
  converged: 0,
  value: Number.NaN,
  matching: Number.NaN,
  bestValue: Number.POSITIVE_INFINITY,
} as const;

/** Streams of the key of an iteration. */
const streams = { ball: 0, langevin: 1 } as const;

/** What every call is told: the learning rate, the factor of the likelihood, the weight of the consensus. */
interface Schedule {
  readonly rate: Tensor;
  readonly factor?: Tensor;
  readonly width?: Tensor;
  readonly renewed?: Tensor;
  readonly agreement?: Tensor;
}

/** Where nothing is left to gain while the likelihood is annealed or widened still, the step is done, and not the lane. */
function untilWhole(
  { completed, converged }: Iterated,
  factor = constant(1),
  width = constant(1),
): Pick<Iterated, "completed" | "converged"> {
  if (!converged) return { completed };
  const whole = factor.greaterEqual(1).and(width.lessEqual(1));
  return { completed: where(converged.and(whole.not()), 1, completed), converged: converged.and(whole) };
}

/** One call for one lane: an evaluation of the objective and a transition of the optimizer. A lane that is done keeps its point. */
function step(
  search: Search,
  problem: Problem,
  exact: boolean,
  { rate, factor, width, renewed, agreement }: Schedule,
  seen: Readonly<Record<string, Tensor>>,
  { key: seed, ...run }: Carried,
): Carried {
  const point = run.point!;
  const state: State = Object.fromEntries(
    Object.entries(run).flatMap(([name, tensor]) => (name.startsWith("optimizer.") ? [[name.slice(10), tensor]] : [])),
  );
  const key = new Key(seed!).foldIn(run.evaluations!);
  const consensus = agreement ? { consensus: { x: run.consensus!, weight: agreement } } : {};
  const next = problem.iterate(
    {
      x: point,
      seen,
      exact,
      key: key.foldIn(streams.ball),
      rate,
      ...(factor ? { factor } : {}),
      ...(width ? { width } : {}),
      ...(renewed ? { renewed } : {}),
      ...consensus,
    },
    state,
  );
  const { value, matching, relative, massless } = next;
  const moved = search.langevin
    ? next.point.add(key.foldIn(streams.langevin).normal([problem.size]).mul(rate.mul(search.langevin)))
    : next.point;
  const running = run.failed!.add(run.converged!).equal(0).and(run.steps!.less(search.steps));
  // An optimizer that steps back from such points fails only where it begins at one.
  const finite = value.isFinite();
  const broken = (massless ? finite.or(massless) : finite).not();
  const fails = running.and(search.optimizer.recovers ? broken.and(run.evaluations!.equal(0)) : broken);
  const goes = running.and(fails.not());
  const improves = running.and(value.less(run.bestValue!));
  const { completed, converged } = factor || width ? untilWhole(next, factor, width) : next;
  const steps = run.steps!.add(where(goes, completed, 0));
  const improved = where(improves, steps, run.improved!);
  const idle = search.patience === undefined ? undefined : steps.sub(improved).greaterEqual(search.patience);
  const settled = converged && idle ? converged.or(idle) : (converged ?? idle);
  return {
    point: where(goes, problem.project(moved), point),
    steps,
    improved,
    evaluations: run.evaluations!.add(running.toFloat()),
    failed: where(fails, 1, run.failed!),
    converged: settled ? where(running.and(settled), 1, run.converged!) : run.converged!,
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
    const schedule: Schedule = {
      rate: input("rate", []),
      ...(search.anneal ? { factor: input("factor", []) } : {}),
      ...(search.widen ? { width: input("width", []) } : {}),
      ...(search.anneal || search.widen ? { renewed: input("renewed", []) } : {}),
      ...(search.group ? { agreement: input("agreement", []) } : {}),
    };
    const seen = Object.fromEntries(Object.entries(problem.seen).map(([name, { shape }]) => [name, input(`seen.${name}`, shape)]));
    const run = {
      key: Key.input("key", lanes).tensor,
      ...Object.fromEntries(Object.entries(initial).map(([name, { shape }]) => [name, input(name, shape)])),
      ...(search.group ? { consensus: input("consensus", [...lanes, sizeOf(problem.pictures)]) } : {}),
    };
    const one = (at: { seen: Readonly<Record<string, Tensor>>; run: Carried }): Carried =>
      step(search, problem, exact, schedule, at.seen, at.run);
    const each =
      search.restarts === 1
        ? one
        : (at: { seen: Readonly<Record<string, Tensor>>; run: Carried }) =>
            vmap((own: Carried) => one({ seen: at.seen, run: own }))(at.run);
    return compile(vmap(each)({ seen, run }), { ...options, fixed });
  };
  let carried: Readonly<Record<string, Float32Array>> = Object.fromEntries(Object.entries(initial).map(([name, { data }]) => [name, data]));
  const key = Uint32Array.from(problem.keys.flat());
  const consensus = search.group ? await openConsensus(search.group, lanes, problem, options) : undefined;
  let exact = !problem.cancels;
  let program = await build(exact);
  let judged: { readonly factor: number | undefined; readonly width: number | undefined } | undefined;
  try {
    for (;;) {
      const slowest = slowestStep(carried as unknown as Iterate, search.steps);
      if (slowest >= search.steps) return;
      const scheduled: Record<string, Numbers> = {
        rate: Float32Array.of(search.rate(slowest, search.steps)),
        ...(search.anneal ? { factor: Float32Array.of(search.anneal(slowest, search.steps)) } : {}),
        ...(search.widen ? { width: Float32Array.of(search.widen(slowest, search.steps)) } : {}),
        ...(consensus ? await consensus.at(slowest, carried.point!) : {}),
      };
      // What is best is best of one objective: under another factor or width of the likelihood the search for it starts over.
      const judgment = { factor: scheduled.factor?.[0], width: scheduled.width?.[0] };
      const renewed = judgment.factor !== judged?.factor || judgment.width !== judged?.width;
      if (renewed) carried = { ...carried, bestValue: new Float32Array(carried.value!.length).fill(Number.POSITIVE_INFINITY) };
      if (search.anneal || search.widen) scheduled.renewed = Float32Array.of(Number(judged !== undefined && renewed));
      const next = (await program.run({ ...carried, ...scheduled, key })) as Record<string, Float32Array>;
      if (!exact && cancels(next.relative!, carried.failed!)) {
        // What this call computed has lost its digits already: it is repeated in the exact form.
        exact = true;
        await program.dispose();
        program = await build(exact);
        continue;
      }
      judged = judgment;
      carried = next;
      yield carried as unknown as Iterate;
    }
  } finally {
    await program.dispose();
    await consensus?.dispose();
  }
}

/** Whether a lane that goes on is so near its match that the fast form of the objective has lost its digits. */
function cancels(relative: Float32Array, failed: Float32Array): boolean {
  for (let i = 0; i < relative.length; i++) if (failed[i] === 0 && relative[i]! < cancellation) return true;
  return false;
}

/** Steps of the lane that is furthest behind, of those that go on; `of` when none does. */
export function slowestStep({ steps, failed, converged }: Iterate, of: number): number {
  let least = of;
  for (let i = 0; i < steps.length; i++) if (steps[i]! < least && !failed[i] && !converged[i]) least = steps[i]!;
  return least;
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
