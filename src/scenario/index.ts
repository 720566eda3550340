export { requireAttack, requireScenario } from "./check.ts";
export {
  type Diagnosis,
  diagnose,
  type Explainer,
  explainer,
  type Limit,
  limits,
} from "./diagnose.ts";
export { concatenate, examplesOf, oneHot, type PrivateBatches, padded, piece, pixelsOfLane, privateBatches } from "./examples.ts";
export { finish } from "./finish.ts";
export { type Labeling, labelingOf, type Reconstruction, reconstruct, type Snapshot, type Tick, withLabels } from "./reconstruct.ts";
export {
  type Criterion,
  criterion,
  type LabelPolicy,
  labelPolicies,
  measuredIn,
  type NamedAttack,
  type NamedDefense,
  type NamedPrior,
  type Scenario,
  type ScenarioParts,
  type Score,
  scenario,
  type Tuning,
} from "./scenario.ts";
export { type KeptState, laneOf, type Received, simulate } from "./simulate.ts";
