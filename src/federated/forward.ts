import type { Batch, Loss } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import type { Tensor } from "../graph/index.ts";
import { type Mode, type Model, normalizationsOf } from "../models/index.ts";
import type { Key } from "../random/index.ts";
import type { Named } from "./server.ts";

/** How every client of a training computes. */
export interface Computing {
  readonly model: Model;
  readonly mode: Mode;
  readonly loss: Loss;
}

/** What one forward pass gives. */
export interface Passed {
  /** The loss of training, with what layers add to it. */
  readonly loss: Tensor;
  /**
   * The mean and the unbiased variance of the inputs of each batch normalization, by the names of
   * its running statistics. It is empty in eval mode.
   */
  readonly statistics: Named<Tensor>;
}

/**
 * One forward pass over a batch.
 *
 * @throws LeakageError `spec` for batch normalization in train mode over one number a channel,
 * which has no variance.
 */
export function passed({ model, mode, loss }: Computing, weight: (name: string) => Tensor, { x, y }: Batch, key?: Key): Passed {
  const taps = new Map<string, Tensor>();
  const learns = mode === "train" && model.statistics.length > 0;
  const penalties: Tensor[] = [];
  const logits = model.forward(x, {
    mode,
    weight,
    penalize: (term) => void penalties.push(term),
    ...(key && model.random ? { key } : {}),
    ...(learns ? { tap: (name: string, tensor: Tensor) => taps.set(name, tensor) } : {}),
  });
  const statistics: Record<string, Tensor> = {};
  for (const layer of learns ? normalizationsOf(model) : []) {
    const [mean, variance] = [taps.get(`${layer}.mean`)!, taps.get(`${layer}.variance`)!];
    const count = taps.get(`${layer}.input`)!.size / mean.size;
    if (count < 2)
      throw new LeakageError(
        "spec",
        `Batch normalization ${layer} sees one number a channel in a batch of ${x.shape[0]}, which has no variance: give a --batch of at least 2, or --mode eval.`,
      );
    statistics[`${layer}.running_mean`] = mean;
    statistics[`${layer}.running_var`] = variance.mul(count / (count - 1));
  }
  return { loss: penalties.reduce((sum, term) => sum.add(term), loss(logits, y)), statistics };
}

/** Running statistics after a batch: the share `momentum` is that of the batch, as in PyTorch. */
export const remembering = (running: Named<Tensor>, ofBatch: Named<Tensor>, momentum: number): Named<Tensor> =>
  Object.fromEntries(
    Object.entries(running).map(([name, before]) => {
      const seen = ofBatch[name];
      return [name, seen ? before.mul(1 - momentum).add(seen.mul(momentum)) : before];
    }),
  );
