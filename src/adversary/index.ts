export { algorithm1 } from "./algorithm-1.ts";
export { type AssumptionAndSearch, assuming, isAssuming } from "./assuming.ts";
export type { Assumption, Neighborhood } from "./assumption.ts";
export {
  type Aim,
  type Assumed,
  type Attack,
  aims,
  type Candidates,
  hasFailed,
  type LaneProgress,
  type Mixing,
  type Progress,
  type Run,
  type Stop,
  stops,
  type Work,
} from "./attack.ts";
export { type Ball, jensen, logMeanExp, pointsIn } from "./ball.ts";
export { battery, type Member } from "./battery.ts";
export { chosenRows, startingFrom } from "./chosen.ts";
export { type Compared, compare, explainedWithout, missedIn } from "./compared.ts";
export { dropping, requireTensors, withoutTensors } from "./dropping.ts";
export { contradiction, invertDense, rounding } from "./exact.ts";
export { labelsThatFit } from "./label-fit.ts";
export { type LabelRule, labelRuleFor, labelRules } from "./label-rule.ts";
export { type LabelReading, recoverLabels, requireLabelRule } from "./labels.ts";
export { cosine, layerNorm, squaredDistance } from "./matching.ts";
export { singleInputs } from "./mixtures.ts";
export type { Observations, Outline, Round, RoundOutline } from "./observations.ts";
export { comparesWeight, type PeeledLane, peelDense, peeled, peeledAndWhole, peeledInputs, peelLayer } from "./peel.ts";
export { maximizingMass, type PointSearch, type Radius } from "./posterior/posterior.ts";
export type { Sampling } from "./posterior/sample-posterior.ts";
export { atDraws, outlineOfDraws, readDraws, tellsDraws } from "./read-draws.ts";
export { agreement } from "./search/consensus.ts";
export type { Group, Search } from "./search/search.ts";
export { type Separated, separateInputs } from "./separate.ts";
export { takingAsKnown, throughImages } from "./through-images.ts";
export { usedColumns } from "./used-columns.ts";
