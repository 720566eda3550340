import type { ExperimentResult } from "../experiments/index.ts";
import { assumedLawReport, assumedLawVerdict } from "./assumed-law-report.ts";
import { batchNormPriorReport, batchNormPriorVerdict } from "./batch-norm-prior-report.ts";
import type { ExperimentReport, Telling } from "./experiment-telling.ts";
import { figure1Report, figure1Verdict } from "./figure-1-report.ts";
import { figure3Report, figure3Verdict } from "./figure-3-report.ts";
import { figure4Report, figure4Verdict } from "./figure-4-report.ts";
import { noiseReport, noiseVerdict } from "./noise-report.ts";
import { posteriorReport, posteriorVerdict } from "./posterior-report.ts";
import { table1Report, table1Verdict } from "./table-1-report.ts";

type Kind = ExperimentResult["experiment"];

/** A telling for each experiment. */
const tellings: { readonly [Name in Kind]: Telling<Extract<ExperimentResult, { readonly experiment: Name }>> } = {
  "assumed-law": { verdict: assumedLawVerdict, report: assumedLawReport },
  "batch-norm-prior": { verdict: batchNormPriorVerdict, report: batchNormPriorReport },
  "figure-1": { verdict: figure1Verdict, report: figure1Report },
  "figure-3": { verdict: figure3Verdict, report: figure3Report },
  "figure-4": { verdict: figure4Verdict, report: figure4Report },
  "noise-on-networks": { verdict: noiseVerdict, report: noiseReport },
  posterior: { verdict: posteriorVerdict, report: posteriorReport },
  "table-1": { verdict: table1Verdict, report: table1Report },
};

/** The compiler cannot see that the telling is that of the result. */
const tellingOf = ({ experiment }: ExperimentResult) => tellings[experiment] as Telling<ExperimentResult>;

/**
 * The report of a figure or table of the paper: one HTML file that needs no other file and no
 * script.
 *
 * @throws LeakageError `file` where an image that the result names is missing.
 */
export const experimentReport = (report: ExperimentReport): string => tellingOf(report.result).report(report);

/** What an experiment came to, in plain words. */
export const experimentVerdict = (result: ExperimentResult): ReturnType<Telling<ExperimentResult>["verdict"]> =>
  tellingOf(result).verdict(result);
