/** Gradleak: what a federated-learning update gives away. Runs in Node and in browsers; what needs a disk is in "gradleak/node". */
export {
  type Assumption,
  type Attack,
  adam,
  annealed,
  assuming,
  constantRate,
  cosine,
  cosineRate,
  exponentialRate,
  invertDense,
  type LaneProgress,
  lbfgs,
  milestoneRate,
  type Neighborhood,
  type Observations,
  type Optimizer,
  type Progress,
  type Run,
  recoverLabels,
  type Search,
  squaredDistance,
} from "./adversary/index.ts";
export { type AssumedAttack, type AttackDeclaration, attacks, type Setting } from "./attacks/index.ts";
export {
  type AttackRun,
  type AttackSpec,
  attackChunk,
  attackSpec,
  type Candidate,
  type Chunk,
  chunksOf,
  type ExactBayes,
  type ExactBayesOptions,
  exactBayes,
  type FinitePrior,
  type Gate,
  type GateVerdict,
  type ImageResult,
  type InvertRun,
  type InvertSpec,
  invertSpec,
  invertUpdate,
  judgeGate,
  type Machine,
  meanImage,
  modelFor,
  parseGate,
  parseSpec,
  type Result,
  requireUsefulGate,
  resultOf,
  resultSchema,
  streamKey,
  validateResult,
} from "./audit/index.ts";
export { type Batch, type Client, type ClientOptions, client, crossEntropy, type Loss } from "./client/index.ts";
export type { Dataset, Example } from "./data/index.ts";
export { type Defense, type Disclosed, defenses, gaussianLikelihood, type Likelihood, laplacianLikelihood } from "./defenses/index.ts";
export {
  ball,
  bernoulli,
  type Density,
  type Distribution,
  entrywiseMixture,
  type Independent,
  laplace,
  laplaceMean,
  laplaceSum,
  logSumExp,
  mixture,
  normal,
  uniform,
  type Weighted,
} from "./distributions/index.ts";
export { type LeakageCode, LeakageError } from "./errors.ts";
export * as formats from "./formats/index.ts";
export * as graph from "./graph/index.ts";
export {
  type BootstrapOptions,
  bonferroni,
  bootstrapMean,
  bootstrapMedian,
  clopperPearson,
  clusterBootstrap,
  clusterProportion,
  complement,
  type Discordant,
  type DistanceQuantiles,
  defaultDelta,
  distance,
  distanceQuantiles,
  dkwBand,
  type Interval,
  matchImages,
  mcnemar,
  mse,
  type PairedOutcomes,
  psnr,
  psnrUnclamped,
  type RiskCurve,
  type RiskPoint,
  riskAt,
  riskCurve,
  score,
  smallestPassingSample,
  ssim,
  summarize,
  tango,
} from "./metrics/index.ts";
export { initialWeights, type Mode, type Model, models, type NamedNumbers, type Task, type Weights, weightsFrom } from "./models/index.ts";
export { toOnnx } from "./onnx/index.ts";
export { type Prior, priors } from "./priors/index.ts";
export { foldIn, Key, type KeyBits, keyFromSeed, split } from "./random/index.ts";
export { attackReport, terminalPicture, verdict } from "./report/index.ts";
export { type CompileOptions, compile, devices, evaluate, interpret, type Program, releasePrograms } from "./runtime/index.ts";
export { canonicalJson, catalogue, format, part, specHash } from "./spec/index.ts";
