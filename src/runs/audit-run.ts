import type { AuditRun } from "./audit-chunk.ts";
import { cellsOf } from "./audit-spec.ts";
import { measuredIn } from "./draws.ts";
import { gray, guessesFrom } from "./guesses.ts";
import { nearestPublic } from "./nearest-public.ts";
import { examplesOf } from "./pictures.ts";
import { modelFor } from "./run.ts";
import type { TuneSpec } from "./tune.ts";

/** What an audit is given. */
export interface AuditInput extends Pick<AuditRun, "spec" | "dataset" | "weights" | "machine"> {
  /** Examples of the split that is not scored, where there are two. */
  readonly publicSet?: AuditRun["dataset"];
}

/** An audit of that, with what stands beside its attacks: what is guessed without an update, and what public examples there are. */
export function auditRun({ publicSet, ...input }: AuditInput): AuditRun {
  const { spec, dataset } = input;
  const run = { ...input, cells: cellsOf(spec) };
  if (!publicSet) return { ...run, guesses: [gray(dataset.shape.reduce((a, b) => a * b))] };
  const measured = measuredIn(spec, modelFor(spec, { ...dataset, classes: dataset.classes.length }));
  return {
    ...run,
    guesses: guessesFrom({ examples: publicSet, knowsLabels: spec.labels === "known", measured, delta: spec.score.delta }),
    nearestPublic: nearestPublic(publicSet, measured),
    examples: examplesOf(publicSet),
  };
}

/** A tuning as it is run on the images of its split: nothing is guessed there, and priors are estimated from those images as well. */
export const tuningRun = (
  { weights, machine }: Pick<AuditRun, "weights" | "machine">,
  spec: TuneSpec,
  dataset: AuditRun["dataset"],
): AuditRun => ({
  spec,
  cells: cellsOf(spec),
  dataset,
  weights,
  guesses: [],
  examples: examplesOf(dataset),
  tuning: true,
  machine,
});
