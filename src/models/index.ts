import { catalogue } from "../parts/index.ts";
import { cnn } from "./cnn.ts";
import { convbig } from "./convbig.ts";
import { convnet } from "./convnet.ts";
import { lenet } from "./lenet.ts";
import { mlp } from "./mlp.ts";

/** The built-in networks. */
export const models = catalogue("model", [cnn, convbig, convnet, lenet, mlp]);

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
  haveStatistics,
  initialWeights,
  isCounter,
  matchTensors,
  variablesOf,
  type Weights,
  weightsFrom,
} from "./weights.ts";
