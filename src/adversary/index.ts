export { algorithm1, type Iterated, type Iteration, type Joint } from "./algorithm-1.ts";
export { type Assumption, type AssumptionAndSearch, assuming, type Neighborhood } from "./assuming.ts";
export type { Attack, LaneProgress, Observations, Progress, Run } from "./attack.ts";
export { type Ball, jensen, logMeanExp, pointsIn } from "./ball.ts";
export { invertDense } from "./exact.ts";
export { type LabelRule, recoverLabels } from "./labels.ts";
export { cosine, layerNorm, squaredDistance } from "./matching.ts";
export { agreement } from "./search/consensus.ts";
export type { Group, Search } from "./search/search.ts";
