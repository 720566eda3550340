import type { z } from "zod";
import { type Part, type PartSpec, part } from "../parts/index.ts";
import type { Sources, Store, Surroundings } from "../runs/index.ts";
import type { Tick } from "../scenario/index.ts";

/** An experiment with all its parameters, and the seed that all randomness follows from. */
export interface ExperimentSpec {
  readonly version: 1;
  readonly command: "reproduce";
  readonly experiment: PartSpec;
  readonly seed: number;
}

/** What an experiment is told in addition to its parameters. */
export interface ExperimentRun extends Surroundings {
  /** What was asked for, complete: it goes into the result. */
  readonly spec: ExperimentSpec;
  /** Keeps what is finished. What an earlier run left there is not made again. */
  readonly store: Store;
  /** Opens data sets that are made from files. Without it, experiments take sets that are drawn. */
  readonly sources?: Pick<Sources, "dataset">;
}

/** What an experiment made. */
export interface Finding<Result> {
  readonly result: Result;
  /** PNG files by the names that the result has for them. */
  readonly images: ReadonlyMap<string, Uint8Array>;
}

/** A figure or table of the paper that can be made again. */
export interface Experiment<Result> {
  run(run: ExperimentRun): AsyncGenerator<Tick, Finding<Result>>;
}

/** An experiment, its parameters and the form of its result. */
type Declaration<Params extends z.ZodRawShape, Schema extends z.ZodType> = Part<Params, [], Experiment<z.output<Schema>>> & {
  /** The form of its `result.json`. */
  readonly result: Schema;
  /** Parameters with which it is done in seconds, as flags write them. */
  readonly quick?: Readonly<Partial<Record<keyof Params, string>>>;
};

/**
 * Declares an experiment: a part with a result.
 *
 * @throws LeakageError `spec` where a flag could not name the kind or a parameter.
 */
export function experiment<Params extends z.ZodRawShape, Schema extends z.ZodType>(
  declaration: Declaration<Params, Schema>,
): Declaration<Params, Schema> {
  part(declaration);
  return declaration;
}
