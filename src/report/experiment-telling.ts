import type { ExperimentResult } from "../experiments/index.ts";

/** What the report of an experiment is made of. */
export interface ExperimentReport<Result = ExperimentResult> {
  readonly result: Result;
  /** PNG files by the names that the result has for them. */
  readonly images: ReadonlyMap<string, Uint8Array>;
  /** The command that makes the same result again. */
  readonly reproduce: string;
}

/** How the result of an experiment is told. */
export interface Telling<Result> {
  /** What it came to, in plain words. */
  verdict(result: Result): { readonly sentence: string; readonly detail: string };
  /** One HTML file that needs no other file and no script. */
  report(report: ExperimentReport<Result>): string;
}
