import { clopperPearson } from "../../src/metrics/index.ts";
import { specHash } from "../../src/parts/index.ts";
import { type TrainResult, validateTrainResult } from "../../src/runs/index.ts";
import { madeUpAudit } from "./made-up-audit.ts";

const last = 200;

/**
 * The result of a training that never was, with every field filled: three clients with different
 * classes, two audits, and a gate that stopped it.
 */
export function madeUpTraining(): TrainResult {
  const spec = { version: 1, command: "train", seed: 1 };
  const rounds = Array.from({ length: last + 1 }, (_, round) => ({
    round,
    loss: round === 0 ? null : Number((0.4 + 1.9 * Math.exp(-round / 60) + 0.05 * Math.sin(round)).toPrecision(5)),
    accuracy: round % 20 === 0 ? Number((0.85 - 0.75 * Math.exp(-round / 50)).toPrecision(4)) : null,
  }));
  const result = madeUpAudit();
  const psnr = (more: number) => result.cells.map((_, cell) => (cell === 2 ? null : 12 + 3 * cell + more));
  const checkpoint = (round: number) => ({ round, file: `checkpoints/round-${round}.safetensors`, sha256: `${round}`.padStart(64, "0") });
  const made = {
    format: "gradleak-train-1",
    command: "train",
    spec,
    specHash: specHash(spec),
    seed: 1,
    versions: { gradleak: "0.1.0" },
    rounds,
    accuracy: clopperPearson(8360, 10_000, 0.95),
    confidence: 0.95,
    testExamples: 10_000,
    clients: [
      { examples: 700, labels: [350, 350, 0] },
      { examples: 200, labels: [0, 150, 50] },
      { examples: 100, labels: [10, 0, 90] },
    ],
    checkpoints: [0, 100, last].map(checkpoint),
    audits: [
      { round: 0, psnr: psnr(6), result },
      { round: last, psnr: psnr(0), result },
    ],
    blocked: { round: last, gate: "recovered > 0.05", value: 0.9 },
    notes: ["Images were made smaller.", "A <b>hostile</b> note."],
  };
  return validateTrainResult(made, "made-up");
}
