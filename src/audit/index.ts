export { oneHot, type Reconstruction, reconstruct, streamKey, type Tick, withLabels } from "./attack.ts";
export { type Audited, audit, auditDraws, type Store, type WholeAudit } from "./audit.ts";
export {
  type AuditChunk,
  type AuditedExample,
  type AuditRun,
  type AuditTick,
  auditChunk,
  readAuditChunk,
} from "./audit-chunk.ts";
export { type AuditCell, type AuditResult, auditResultSchema, validateAuditResult } from "./audit-result.ts";
export { type AuditInput, auditRun, tuningRun } from "./audit-run.ts";
export {
  type AuditSpec,
  attackName,
  auditSpec,
  type Cell,
  cellsOf,
  type DrawRange,
  defenseName,
  drawsOf,
  gateOf,
  most,
} from "./audit-spec.ts";
export { type AuditSummary, auditResult } from "./audit-summary.ts";
export { tunedCells, tuningsOf } from "./audit-tuning.ts";
export { drawPlaces, measuredIn } from "./draws.ts";
export { type Candidate, type ExactBayes, type ExactBayesOptions, exactBayes, type FinitePrior } from "./exact-bayes.ts";
export { type Gate, type GateVerdict, judgeGate, parseGate, requireUsefulGate } from "./gate.ts";
export { type Guess, gray, guessesFrom, mostPublic } from "./guesses.ts";
export { type NearestPublic, nearestPublic, type PublicNeighbor } from "./nearest-public.ts";
export { examplesOf, meanImage, toModelSpace, toPixelSpace } from "./pictures.ts";
export { rehearse, rehearseInversion } from "./rehearse.ts";
export {
  hash,
  type ImageMetrics,
  type ImageResult,
  invalid,
  type Result,
  readImages,
  resultSchema,
  specFields,
  specFieldsOf,
  validateResult,
} from "./result.ts";
export {
  type AttackRun,
  attackChunk,
  attackOf,
  auditAttack,
  type Chunk,
  chunksOf,
  type InvertRun,
  invertUpdate,
  type Machine,
  modelFor,
  resultOf,
} from "./run.ts";
export { toPicture } from "./score.ts";
export { type PrivateBatches, simulate } from "./simulate.ts";
export { type AttackSpec, attackSpec, type Criterion, type InvertSpec, invertSpec, parseSpec, type TuningRecord } from "./spec.ts";
export { requireStatistics, withStatistics } from "./statistics.ts";
export {
  candidatesOf,
  readTuned,
  readVaried,
  recordOf,
  requireComparable,
  type Tuned,
  type TuneSpec,
  tuned,
  tunedSchema,
  tuneSpec,
  type Varied,
} from "./tune.ts";
