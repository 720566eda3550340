import { type AuditResult, validateAuditResult } from "../../src/audit/index.ts";
import { bonferroni, clopperPearson, complement, distanceQuantiles, dkwBand, mcnemar, tango } from "../../src/metrics/index.ts";
import { specHash } from "../../src/parts/index.ts";

const draws = 80;
const delta = 5.54;
const defenses = ["none", "gaussian:sigma=0.01,per=update"];
const attacks = ["idlg:steps=200", "inverting-gradients:steps=1000,tv=0.0004,tvNorm=squared"];

/**
 * Distances by draw: near for a share of the draws, else about as far as a guess is; the last of
 * the first attack are no numbers.
 */
const distanceOf = (cell: number, draw: number): number | null => {
  const share = [0.9, 0.75, 0, 0.05][cell]!;
  const spread = ((draw * 37) % draws) / draws;
  if (cell === 2 && draw % 20 === 19) return null;
  return Number((spread < share ? 0.6 + 3.1 * spread : 8 + 7 * spread ** 1.3 + cell).toPrecision(5));
};
const neighborOf = (draw: number): number => Number((5.2 + 4 * (((draw * 31) % draws) / draws)).toPrecision(5));
const guessOf = (draw: number): number => Number((7.5 + 6 * (((draw * 29) % draws) / draws)).toPrecision(5));

function shares(distances: readonly (number | null)[]) {
  const recovered = clopperPearson(distances.filter((d) => d !== null && d <= delta).length, draws, 0.95);
  const { quantiles } = distanceQuantiles(distances.map((d) => d ?? Infinity));
  return {
    recovered,
    risk: complement(recovered),
    quantiles: quantiles.map(({ probability, distance }) => ({ probability, distance: Number.isFinite(distance) ? distance : null })),
  };
}

/**
 * The result of an audit that never was, with every field filled: two defenses, two attacks, a gate
 * that one defense fails, and a hostile class name.
 */
export function madeUpAudit(): AuditResult {
  const all = Array.from({ length: draws }, (_, i) => i);
  const spec = {
    version: 1,
    command: "audit",
    data: { set: { kind: "cifar10" }, split: "test" },
    defenses,
    attacks,
    samples: draws,
    seed: 1,
  };
  const byCell = [0, 1, 2, 3].map((cell) => all.map((draw) => distanceOf(cell, draw)));
  const cells = byCell.map((distances, cell) => {
    const { nearest } = distanceQuantiles(distances.map((d) => d ?? Infinity));
    const example = (which: "nearest" | "first", draw: number) => ({
      draw,
      place: 0,
      index: 100 + draw,
      label: 3,
      className: `cat<script>alert("1")</script>`,
      distance: distances[draw]!,
      files: { original: `${which}/${cell}-original.png`, reconstruction: `${which}/${cell}-reconstruction.png` },
    });
    return {
      defense: defenses[cell >> 1]!,
      attack: attacks[cell & 1]!,
      tuned:
        cell < 2
          ? null
          : {
              specHash: specHash({ cell }),
              by: "distance" as const,
              candidates: 6,
              draws: 16,
              work: 38_400,
              attack: `${attacks[cell & 1]!},rate=0.05`,
              values: { rate: 0.05 },
            },
      law: cell & 1 ? "cosine similarity" : "squared distance",
      trueLaw:
        cell < 2
          ? { kind: "deterministic" as const, text: "the update is a function of the batch, without noise" }
          : { kind: "known" as const, text: "gaussian with sigma 0.01" },
      prior: cell & 1 ? "total variation (squared, factor 0.0004)" : "uniform",
      radius: 0,
      points: 1,
      ...shares(distances),
      failed: distances.filter((d) => d === null).length,
      failures: distances.includes(null) ? { nan: distances.filter((d) => d === null).length } : {},
      searchFailed: clopperPearson(2 + cell, draws, 0.95),
      undetermined: cell < 2 ? clopperPearson(0, draws, 0.95) : clopperPearson(50, draws, 0.95),
      explained: cell < 2 ? 0.998 : 0.71,
      explainable: cell < 2 ? 1 : 0.74,
      control: { succeeded: true, recovered: clopperPearson(60, 64, 0.95), draws: 64, own: cell < 2, reason: null },
      labelAccuracy: null,
      faintLabels: 0,
      nearest: example("nearest", nearest.index),
      first: example("first", 0),
      work: 32_000,
      seconds: 120 + cell,
    };
  });
  // Attacks are compared behind the defense behind which they were tuned.
  const comparisons = [1].map((d) => {
    const [first, second] = [byCell[2 * d]!, byCell[2 * d + 1]!];
    const near = (distance: number | null) => distance !== null && distance <= delta;
    const count = (one: boolean, other: boolean) => first.filter((x, i) => near(x) === one && near(second[i]!) === other).length;
    const counts = { both: count(true, true), onlyFirst: count(true, false), onlySecond: count(false, true), neither: count(false, false) };
    return {
      defense: defenses[d]!,
      first: attacks[0]!,
      second: attacks[1]!,
      ...counts,
      work: { first: 211_200, second: 70_400, equal: false },
      seconds: { first: 122, second: 123 },
      pValue: mcnemar(counts),
      recovered: { ...tango(counts, 0.95), interval: "tango" as const },
      distance: { estimate: -1.25, lower: -2.5, upper: 0.125, images: 76 },
    };
  });
  const together = bonferroni(0.95, 2);
  const upper = (cell: number) => clopperPearson(byCell[cell]!.filter((x) => x !== null && x <= delta).length, draws, together).upper;
  return validateAuditResult(
    {
      format: "gradleak-audit-3",
      command: "audit",
      spec,
      specHash: specHash(spec),
      seed: 1,
      versions: { gradleak: "0.1.0", node: "20.20.0" },
      seconds: { preparing: 1.25, tuning: 61, simulating: 0.75, attacking: 486, controls: 0, scoring: 2.5 },
      lanes: 8,
      threads: [2],
      assumptions: {
        labels: "known",
        mode: "eval",
        batchNorm: "none",
        batchSize: 1,
        model: "convbig",
        delta,
        deltaSpace: "pixel",
      },
      items: "image",
      draws,
      images: draws,
      interval: "clopper-pearson",
      confidence: 0.95,
      band: dkwBand(draws, 0.95),
      baselines: [{ name: "meanImage", ...shares(all.map(guessOf)) }],
      nearestPublic: { count: 500, ...shares(all.map(neighborOf)) },
      cells,
      statements: defenses.map((defense) => ({ defense, reasons: [] })),
      comparisons,
      gate: {
        text: "recovered > 0.2",
        confidence: together,
        verdicts: [
          { defense: defenses[0]!, attack: attacks[0]!, value: upper(0), fails: true },
          { defense: defenses[1]!, attack: attacks[1]!, value: upper(3), fails: false },
        ],
        fails: true,
        refused: [],
      },
      data: all.map((draw) => ({
        images: [100 + draw],
        labels: [3],
        guesses: { meanImage: [guessOf(draw)] },
        nearestPublic: [neighborOf(draw)],
        distances: byCell.map((distances) => [distances[draw]!]),
      })),
      notes: ["The network's weights are random, not trained; trained networks leak less."],
    },
    "the made-up audit",
  );
}
