export { type AdamOptions, adam } from "./adam.ts";
export { type LbfgsOptions, lbfgs } from "./lbfgs.ts";
export type { Evaluation, Optimizer, State, Transition } from "./optimizer.ts";
export {
  annealed,
  constantRate,
  cosineRate,
  exponentialRate,
  milestoneRate,
  milestones,
  narrowed,
  type Rate,
  shrunk,
} from "./schedules.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
export { withWeightDecay } from "./weight-decay.ts";
