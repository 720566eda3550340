import { type ExperimentResult, type Finding, planExperiment } from "../../src/experiments/index.ts";
import { memoryStore, type Store } from "../../src/runs/index.ts";
import type { Tick } from "../../src/scenario/index.ts";

/** How an experiment is run by a test. */
export interface Running {
  readonly seed?: number;
  readonly threads?: number;
  readonly precision?: "float32" | "float64";
  readonly store?: Store;
  onTick?(tick: Tick): void;
}

/**
 * Runs an experiment to its end.
 *
 * @param experiment flag text, or `{ kind, ...params }`.
 */
export async function runExperiment(
  experiment: unknown,
  { seed = 0, threads = 1, precision = "float32", store = memoryStore(), onTick }: Running = {},
): Promise<Finding<ExperimentResult>> {
  const { run } = planExperiment(
    { command: "reproduce", experiment, seed },
    { machine: { threads, precision, clock: () => 0 }, versions: {} },
  );
  const running = run(store);
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    onTick?.(next.value);
  }
}
