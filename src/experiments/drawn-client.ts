import { type Client, fedSgd } from "../client/index.ts";
import type { Dataset } from "../data/index.ts";
import { initialWeights, models } from "../models/index.ts";
import { type KeyBits, stream } from "../random/index.ts";
import { taskOf } from "../runs/index.ts";

/** A client with a network for a data set, whose weights are drawn below the root of the run. */
export function drawnClient(network: Parameters<typeof models.build>[0], data: Dataset, root: KeyBits): Client {
  const model = models.build(network, taskOf(data));
  return fedSgd({ model, weights: initialWeights(model, stream(root, "weights")) });
}
