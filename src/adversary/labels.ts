import { LeakageError } from "../errors.ts";
import { input } from "../graph/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { Observations } from "./attack.ts";

/** The model's last layer has a row of weights a class; the derivative in the row of the true class is the only negative one, since its features are not negative. */
export function recoverLabels({ client, lanes, updates, batchSize }: Observations): Float32Array {
  const { head, classes } = client.model;
  if (batchSize !== 1)
    throw new LeakageError(
      "spec",
      `labels are recovered from updates of one picture, but the batch size is ${batchSize}; state the labels or attack them jointly`,
    );
  const [, features] = client.parameters.find(({ name }) => name === head)!.shape as [number, number];
  const rows = input("head", [lanes, classes, features]).sum(-1);
  const [found] = evaluate([rows.neg().argmax().oneHot(classes)], { head: updates.get(head)! });
  return Float32Array.from(found!.data);
}
