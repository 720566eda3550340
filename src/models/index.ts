import { catalogue } from "../parts/index.ts";
import { cnn } from "./cnn.ts";
import { convbig } from "./convbig.ts";
import { convnet } from "./convnet.ts";
import { lenet } from "./lenet.ts";
import { mlp } from "./mlp.ts";
import { precodeMlp } from "./precode-mlp.ts";

/**
 * The catalogue of built-in networks. `build` takes a task: the shape of an example, the number of
 * classes and the normalization. `taskOf` gives the task of a data set.
 *
 * @example
 * ```ts
 * const data = await datasets.build("shapes").open("test", noFiles);
 * const model = models.build("mlp:sizes=64", taskOf(data));
 * const weights = initialWeights(model, keyFromSeed(0));
 * ```
 */
export const models = catalogue("model", [cnn, convbig, convnet, lenet, mlp, precodeMlp]);

export { bottleneck, bottleneckForms, divergences } from "./bottleneck.ts";
export { denseLayers } from "./dense-layers.ts";
export { layersOf } from "./match-layers.ts";
export { isCounter, matchTensors } from "./match-tensors.ts";
export type {
  ForwardContext,
  Mode,
  Model,
  Normalization,
  Tap,
  Task,
  Variable,
} from "./model.ts";
export { areImages, boxOf, perChannel, stretchedRadius, toModelSpace, toPixelSpace } from "./space.ts";
export { type Examples, estimateStatistics, normalizationsOf } from "./statistics.ts";
export {
  completeWeights,
  haveStatistics,
  initialWeights,
  variablesOf,
  type Weights,
  weightsFrom,
} from "./weights.ts";
