import type { ExperimentResult } from "../experiments/index.ts";
import { assumedLawReport, assumedLawVerdict } from "./assumed-law-report.ts";
import { batchNormPriorReport, batchNormPriorVerdict } from "./batch-norm-prior-report.ts";
import { figure1Report, figure1Verdict } from "./figure-1-report.ts";
import { figure4Report, figure4Verdict } from "./figure-4-report.ts";
import { table1Report, table1Verdict } from "./table-1-report.ts";

/** What the report of an experiment is made of. */
export interface ExperimentReport {
  readonly result: ExperimentResult;
  /** PNG files by the names that the result has for them. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
  /** The command that makes the same result again. */
  readonly reproduce: string;
}

/**
 * The report of a figure or table of the paper: one HTML file that needs nothing beside it and no script.
 *
 * @throws LeakageError `file` where a picture that the result names is missing.
 */
export function experimentReport({ result, pictures, reproduce }: ExperimentReport): string {
  switch (result.experiment) {
    case "assumed-law":
      return assumedLawReport(result, pictures, reproduce);
    case "batch-norm-prior":
      return batchNormPriorReport(result, pictures, reproduce);
    case "figure-1":
      return figure1Report(result, pictures, reproduce);
    case "figure-4":
      return figure4Report(result, reproduce);
    case "table-1":
      return table1Report(result, reproduce);
  }
}

/** What an experiment came to, in plain words. */
export function experimentVerdict(result: ExperimentResult): { readonly sentence: string; readonly detail: string } {
  switch (result.experiment) {
    case "assumed-law":
      return assumedLawVerdict(result);
    case "batch-norm-prior":
      return batchNormPriorVerdict(result);
    case "figure-1":
      return figure1Verdict(result);
    case "figure-4":
      return figure4Verdict(result);
    case "table-1":
      return table1Verdict(result);
  }
}
