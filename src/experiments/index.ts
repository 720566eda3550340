import { type Catalogue, catalogue } from "../parts/index.ts";
import { assumedLaw } from "./assumed-law.ts";
import { batchNormPrior } from "./batch-norm-prior.ts";
import type { Experiment } from "./experiment.ts";
import { figure1 } from "./figure-1.ts";
import { figure4 } from "./figure-4.ts";
import { table1 } from "./table-1.ts";

/** The figures and tables of the paper that can be made again. */
export const experiments: Catalogue<Experiment> = catalogue<Experiment>("experiment", [
  assumedLaw,
  batchNormPrior,
  figure1,
  figure4,
  table1,
]);

/** Parameters with which an experiment is done in seconds, as flags write them. */
export const quick: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "assumed-law": {
    samples: "40",
    tuning: "20",
    widen: "10",
    model: "(mlp:sizes=32,initial=lecun)",
    pictures: "6",
    tuningPictures: "3",
    pictureSteps: "80",
    weight: "1000",
  },
  "batch-norm-prior": { width: "8", batches: "2", candidates: "2", steps: "20", examples: "256" },
  "figure-4": {
    width: "100/20",
    classes: "10/2",
    samples: "100",
    k: "1/8",
    delta: "0/0.5",
    tuneRate: "0.1/0.3",
    tuneGamma: "1/0.99",
    tuneAnneal: "0.01",
    tuneDraws: "30",
  },
};

export type { AssumedLawResult } from "./assumed-law-result.ts";
export type { BatchNormPriorResult } from "./batch-norm-prior-result.ts";
export type { Experiment, ExperimentResult, ExperimentRun, ExperimentSpec, Finding } from "./experiment.ts";
export { type Figure1Result, figure1Schema } from "./figure-1-result.ts";
export { type Figure4Result, type Figure4Tuned, figure4Schema, type Series } from "./figure-4-result.ts";
export type { Table1Result, Table1Row } from "./table-1-result.ts";
export { experimentSchema, validateExperiment } from "./validate.ts";
