export type { AssumedLawResult } from "./assumed-law/assumed-law-result.ts";
export type { BatchNormPriorResult } from "./batch-norm-prior/batch-norm-prior-result.ts";
export type { Experiment, ExperimentRun, ExperimentSpec, Finding } from "./experiment.ts";
export {
  type ExperimentPlan,
  type ExperimentResult,
  experimentSchema,
  experiments,
  planExperiment,
  quick,
  validateExperiment,
} from "./experiments.ts";
export type { Figure1Result } from "./figure-1/figure-1-result.ts";
export type { Figure3Result } from "./figure-3/figure-3-result.ts";
export type { Figure4Result, Figure4Tuned, Series } from "./figure-4/figure-4-result.ts";
export type { NoiseResult } from "./noise-on-networks/noise-result.ts";
export type { PosteriorResult } from "./posterior/posterior-result.ts";
export type { Table1Result } from "./table-1/table-1-result.ts";
