import { constant, filled, type Shape, type ShapedNumbers, sizeOf, type Tensor, vmap } from "../../graph/index.ts";
import { stream } from "../../random/index.ts";
import { type CompileOptions, compileNested, evaluate, inputsAt, type Nested, numbersAt } from "../../runtime/index.ts";
import { openConsensus } from "./consensus.ts";
import { schedulesOf } from "./schedules.ts";
import type { Search } from "./search.ts";
import { type Carried, type LaneState, type Problem, step } from "./step.ts";

/** The state of all lanes and restarts after a call. Each array is [lanes, restarts, …]. */
export type Iterate = Carried<Float32Array>;

/** Below this ratio the expanded square has lost its digits in float32. */
const cancellation = 1e-3;

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
