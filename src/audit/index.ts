export { streamKey, type Tick } from "./attack.ts";
export { type Candidate, type ExactBayes, type ExactBayesOptions, exactBayes, type FinitePrior } from "./exact-bayes.ts";
export { type Gate, type GateVerdict, judgeGate, parseGate, requireUsefulGate } from "./gate.ts";
export { meanImage } from "./pictures.ts";
export { type ImageMetrics, type ImageResult, type Result, resultSchema, validateResult } from "./result.ts";
export {
  type AttackRun,
  attackChunk,
  attackOf,
  type Chunk,
  chunksOf,
  type InvertRun,
  invertUpdate,
  type Machine,
  modelFor,
  resultOf,
} from "./run.ts";
export { type AttackSpec, attackSpec, type InvertSpec, invertSpec, parseSpec } from "./spec.ts";
