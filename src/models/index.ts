import { catalogue } from "../parts/index.ts";
import { cnn } from "./cnn.ts";
import { convbig } from "./convbig.ts";
import { convnet } from "./convnet.ts";
import { lenet } from "./lenet.ts";
import { mlp } from "./mlp.ts";

/** The built-in networks. */
export const models = catalogue("model", [cnn, convbig, convnet, lenet, mlp]);

export {
  type InputStatistics,
  type Mode,
  type Model,
  type Normalization,
  type Observe,
  perChannel,
  type Task,
  type Variable,
} from "./model.ts";
export { type Examples, estimateStatistics } from "./statistics.ts";
export {
  haveStatistics,
  initialWeights,
  isCounter,
  matchTensors,
  type NamedNumbers,
  variablesOf,
  type Weights,
  weightsFrom,
} from "./weights.ts";
