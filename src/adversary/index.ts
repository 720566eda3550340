export { type Assumption, assuming } from "./assuming.ts";
export type { Attack, LaneProgress, Observations, Progress, Run } from "./attack.ts";
export { invertDense } from "./exact.ts";
export { recoverLabels } from "./labels.ts";
export { cosine, squaredDistance } from "./matching.ts";
export { adam } from "./search/adam.ts";
export { lbfgs } from "./search/lbfgs.ts";
export type { Optimizer } from "./search/optimizer.ts";
export { constantRate, milestoneRate, milestones, type Search } from "./search/search.ts";
