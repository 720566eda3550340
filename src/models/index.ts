import { catalogue } from "../spec/index.ts";
import { cnn } from "./cnn.ts";
import { convbig } from "./convbig.ts";
import { convnet } from "./convnet.ts";
import { lenet } from "./lenet.ts";
import { mlp } from "./mlp.ts";

/** The built-in networks. */
export const models = catalogue("model", [cnn, convbig, convnet, lenet, mlp]);

export type { Mode, Model, Normalization, Task, Variable } from "./model.ts";
export { initialWeights, matchTensors, type NamedNumbers, variablesOf, type Weights, weightsFrom } from "./weights.ts";
