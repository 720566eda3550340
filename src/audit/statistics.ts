import { LeakageError } from "../errors.ts";
import { type Examples, estimateStatistics, type Model } from "../models/index.ts";
import { format } from "../parts/index.ts";
import type { AuditRun } from "./audit-chunk.ts";
import { type AttackRun, modelFor } from "./run.ts";
import type { AttackSpec } from "./spec.ts";

/**
 * Refuses running statistics that a spec asks for (`client.statistics`) where they cannot be estimated.
 *
 * @param examples the public images.
 * @throws LeakageError `spec` for a network without batch normalization, data without public images, fewer of them than asked for, or a number that does not make
 * whole passes.
 */
export function requireStatistics(
  { client: { statistics, model: network } }: Pick<AttackSpec, "client">,
  model: Model,
  examples?: Examples,
): void {
  if (!statistics) return;
  const { examples: count, batch } = statistics;
  const flag = `--statistics ${count}`;
  if (model.statistics.length === 0)
    throw new LeakageError("spec", `${flag} does not fit --model ${format(network)}, which has no batch normalization.`);
  if (!examples) throw new LeakageError("spec", `${flag} takes images of the other split, which is public, and this data has none.`);
  if (count % batch !== 0) throw new LeakageError("spec", `${flag}: images are taken ${batch} a pass; give a multiple of ${batch}.`);
  if (count > examples.count) throw new LeakageError("spec", `${flag}: there are ${examples.count} public images.`);
}

/**
 * The run with the running statistics that its spec asks for, in its weights: passes in train mode over public images (see `estimateStatistics`).
 *
 * They become statistics of the network itself, which the client in eval mode normalizes by and the prior `batch-norm` compares with; they are not the attacker's
 * alone. In train mode the client never reads them, and both readings are one. In eval mode a network that normalizes by means of 0 and variances of 1 is none that
 * anybody trained or sends, and statistics of train-mode passes are not what such a network's layers see. DeepInversion's prior is by its definition about the
 * statistics that the network remembers.
 */
export async function withStatistics<Run extends AttackRun | AuditRun>(run: Run): Promise<Run> {
  const { spec, dataset, weights, examples, machine } = run;
  const { statistics } = spec.client;
  if (!statistics) return run;
  const model = modelFor(spec, { ...dataset, classes: dataset.classes.length });
  requireStatistics(spec, model, examples);
  const used = { ...examples!, count: statistics.examples };
  return { ...run, weights: await estimateStatistics(model, weights, used, { ...machine, batch: statistics.batch }) };
}
