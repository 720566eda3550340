import type { Machine, Tick } from "../audit/index.ts";
import type { Picture } from "../formats/index.ts";
import type { PartSpec } from "../parts/index.ts";
import type { AssumedLawResult } from "./assumed-law-result.ts";
import type { BatchNormPriorResult } from "./batch-norm-prior-result.ts";
import type { Figure1Result } from "./figure-1-result.ts";
import type { Figure4Result } from "./figure-4-result.ts";
import type { Table1Result } from "./table-1-result.ts";

/** What an experiment found, as `result.json` holds it. */
export type ExperimentResult = AssumedLawResult | BatchNormPriorResult | Figure1Result | Figure4Result | Table1Result;

/** What an experiment is told beside its parameters. */
export interface ExperimentRun {
  /** What was asked for, complete: it goes into the result. */
  readonly spec: ExperimentSpec;
  /** Of the programs that make it. */
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: Machine;
}

/** An experiment with all its parameters, and the seed that all randomness follows from. */
export interface ExperimentSpec {
  readonly experiment: PartSpec;
  readonly seed: number;
}

/** What an experiment made. */
export interface Finding {
  readonly result: ExperimentResult;
  /** Pictures that the result names, by file name. */
  readonly pictures: ReadonlyMap<string, Picture>;
}

/** A figure or table of the paper that can be made again. */
export interface Experiment {
  run(run: ExperimentRun): AsyncGenerator<Tick, Finding>;
}
