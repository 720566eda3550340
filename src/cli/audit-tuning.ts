import { type AuditSpec, type Criterion, most, readVaried } from "../audit/index.ts";
import { LeakageError } from "../errors.ts";
import { wholeNumber } from "./flags.ts";

/** Flags that tune attacks before they are scored. */
export interface TuningFlags {
  readonly vary?: readonly string[];
  readonly tuningSamples: string;
  readonly budget: string;
  readonly by: Criterion;
}

/** How the attacks of an audit are tuned before anything is scored. Throws LeakageError where there is nothing to tune on, or they were tuned before. */
export function tuningOf(
  { data, tuned, tuningSamples, budget, by }: TuningFlags & { readonly data: string; readonly tuned?: readonly string[] },
  vary: readonly string[],
  splits: boolean,
): AuditSpec["tuning"] {
  if (!splits)
    throw new LeakageError(
      "spec",
      `--vary tunes on images that are not scored, and --data ${data} has no two splits; put its pictures into subfolders train and test.`,
    );
  if (tuned !== undefined)
    throw new LeakageError("spec", `--vary does not fit --tuned ${tuned.join(" ")}: that attack was tuned before; give --attack.`);
  return {
    vary: vary.map(readVaried),
    budget: wholeNumber(budget, "--budget", 2),
    samples: wholeNumber(tuningSamples, "--tuning-samples", 2, most.samples),
    by,
  };
}
