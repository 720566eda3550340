import type { ExperimentResult } from "../experiments/index.ts";
import { figure4Report, figure4Verdict } from "./figure-4-report.ts";

/** What the report of an experiment is made of. */
export interface ExperimentReport {
  readonly result: ExperimentResult;
  /** PNG files by the names that the result has for them. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
  /** The command that makes the same result again. */
  readonly reproduce: string;
}

/** The report of a figure or table of the paper: one HTML file that needs nothing beside it and no script. */
export const experimentReport = ({ result, reproduce }: ExperimentReport): string => figure4Report(result, reproduce);

/** What an experiment came to, in plain words. */
export const experimentVerdict = (result: ExperimentResult): { readonly sentence: string; readonly detail: string } =>
  figure4Verdict(result);
