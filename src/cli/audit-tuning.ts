import { type AuditSpec, type Criterion, most, readVaried } from "../audit/index.ts";
import { LeakageError } from "../errors.ts";
import { wholeNumber } from "./flags.ts";

/** Flags that tune attacks before they are scored. */
export interface TuningFlags {
  readonly vary?: readonly string[];
  readonly tuningSamples?: string;
  readonly budget?: string;
  readonly by?: Criterion;
}

/**
 * How the attacks of an audit are tuned before anything is scored, if they are.
 *
 * @throws LeakageError `spec` where there is nothing to tune on, or they were tuned before, or what tuning takes is stated and nothing varies.
 */
export function tuningOf(
  { vary, data, tuned, tuningSamples, budget, by }: TuningFlags & { readonly data: string; readonly tuned?: readonly string[] },
  splits: boolean,
): AuditSpec["tuning"] {
  if (vary === undefined) {
    const [idle] = Object.entries({ "--tuning-samples": tuningSamples, "--budget": budget, "--by": by }).filter(([, given]) => given);
    if (idle)
      throw new LeakageError("spec", `${idle.join(" ")} is about tuning, and without --vary nothing is tuned; give both or neither.`);
    return undefined;
  }
  if (!splits)
    throw new LeakageError(
      "spec",
      `--vary tunes on images that are not scored, and --data ${data} has no two splits; put its pictures into subfolders train and test.`,
    );
  if (tuned !== undefined)
    throw new LeakageError("spec", `--vary does not fit --tuned ${tuned.join(" ")}: that attack was tuned before; give --attack.`);
  return {
    vary: vary.map(readVaried),
    budget: wholeNumber(budget ?? "32", "--budget", 2),
    samples: wholeNumber(tuningSamples ?? "16", "--tuning-samples", 2, most.samples),
    by: by ?? "distance",
  };
}
