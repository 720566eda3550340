export { algorithm1, type Iterated, type Iteration, type Joint } from "./algorithm-1.ts";
export { type Assumption, type AssumptionAndSearch, assuming, type Neighborhood } from "./assuming.ts";
export type { Attack, LaneProgress, Observations, Progress, Run } from "./attack.ts";
export { type Ball, jensen, logMeanExp, pointsIn } from "./ball.ts";
export { invertDense } from "./exact.ts";
export { type LabelRule, recoverLabels } from "./labels.ts";
export { cosine, layerNorm, squaredDistance } from "./matching.ts";
export { adam } from "./search/adam.ts";
export { agreement } from "./search/consensus.ts";
export { lbfgs } from "./search/lbfgs.ts";
export type { Optimizer } from "./search/optimizer.ts";
export {
  annealed,
  constantRate,
  cosineRate,
  exponentialRate,
  type Group,
  milestoneRate,
  milestones,
  narrowed,
  type Search,
} from "./search/search.ts";
