import { z } from "zod";
import { invalid } from "../audit/index.ts";
import { type Catalogue, catalogue, specHash } from "../parts/index.ts";
import { parseSpec, partOf, type Store, type Surroundings, specVersion } from "../runs/index.ts";
import type { Tick } from "../scenario/index.ts";
import { assumedLaw } from "./assumed-law/assumed-law.ts";
import { batchNormPrior } from "./batch-norm-prior/batch-norm-prior.ts";
import type { Experiment, ExperimentRun, ExperimentSpec, Finding } from "./experiment.ts";
import { figure1 } from "./figure-1/figure-1.ts";
import { figure3 } from "./figure-3/figure-3.ts";
import { figure4 } from "./figure-4/figure-4.ts";
import { noiseOnNetworks } from "./noise-on-networks/noise-on-networks.ts";
import { posterior } from "./posterior/posterior.ts";
import { table1 } from "./table-1/table-1.ts";

/** All experiments. Commands, flags, specs and the schema of results follow from this list. */
const all = [assumedLaw, batchNormPrior, figure1, figure3, figure4, noiseOnNetworks, posterior, table1] as const;

/** What an experiment found, as `result.json` holds it. */
export type ExperimentResult = z.output<(typeof all)[number]["result"]>;

/** The figures and tables of the paper that can be made again, and further comparisons. */
export const experiments: Catalogue<Experiment<ExperimentResult>> = catalogue<Experiment<ExperimentResult>>("experiment", all);

/** Parameters with which an experiment is done in seconds, as flags write them, by its kind. */
export const quick: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries(
  all.flatMap((one) => ("quick" in one && one.quick ? [[one.kind, one.quick]] : [])),
);

const [first, ...others] = all.map(({ result }) => result);

/** The form of `result.json` of `gradleak reproduce`, from which its JSON Schema is made. */
export const experimentSchema = z.discriminatedUnion("experiment", [first!, ...others]);

/**
 * Checks what was read from an experiment's `result.json`.
 *
 * @param source its name in errors.
 * @throws LeakageError `file` that names the entry, what was expected and what came.
 */
export function validateExperiment(value: unknown, source: string): ExperimentResult {
  const checked = experimentSchema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw invalid(checked.error, source);
}

/** What `gradleak reproduce` does, complete. The hash of its canonical JSON names the result. */
const experimentSpec = z.strictObject({
  version: z.literal(specVersion).default(specVersion),
  command: z.literal("reproduce"),
  experiment: partOf(experiments),
  seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0),
});

/** An experiment that is checked, and ready to run. */
export interface ExperimentPlan {
  readonly spec: ExperimentSpec;
  readonly specHash: string;
  /** Runs it. What the store has already is not made again. */
  run(store: Store): AsyncGenerator<Tick, Finding<ExperimentResult>>;
}

/**
 * Checks what is asked for before any work starts.
 *
 * @param asked a spec, as flags or a file give it; what it leaves out is completed.
 * @param source how errors name it.
 * @throws LeakageError `spec` that names what is wrong.
 */
export function planExperiment(
  asked: unknown,
  surroundings: Surroundings & Pick<ExperimentRun, "sources">,
  source = "The spec",
): ExperimentPlan {
  const spec = parseSpec(experimentSpec, asked, source);
  const experiment = experiments.build(spec.experiment);
  return { spec, specHash: specHash(spec), run: (store) => experiment.run({ ...surroundings, spec, store }) };
}
