import type { Figure4Result, Series } from "../../src/experiments/index.ts";
import { specHash } from "../../src/parts/index.ts";

const pairs = [
  { prior: "gaussian", conditional: "laplacian" },
  { prior: "laplacian", conditional: "laplacian" },
  { prior: "gaussian", conditional: "gaussian" },
  { prior: "laplacian", conditional: "gaussian" },
] as const;

const digits = (value: number): number => Number(value.toPrecision(4));

function madeUpSeries(setting: Pick<Series, "width" | "classes" | "k" | "delta">, final: number): Series[] {
  return pairs.map((pair, p) => {
    const end = final + 0.03 * p + 0.05 * setting.delta ** 2 * (1 + 1 / setting.k);
    const step = Array.from({ length: 41 }, (_, i) => 5 * i);
    const mean = step.map((at) => digits(end + (6.2 - end) * Math.exp(-at / (18 + p))));
    const median = mean.map((value) => digits(0.95 * value));
    const spread = 0.011 + 0.002 * p;
    const around = (value: number) => ({ mean: digits(value), low: digits(value - spread), high: digits(value + spread) });
    return {
      ...pair,
      ...setting,
      n: 600,
      finalDistance: { ...around(end), median: digits(0.95 * end) },
      minusBayes: p === 0 && setting.delta === 0 ? { mean: 0, low: 0, high: 0 } : around(end - final),
      byNetwork: [digits(end - 0.01), digits(end), digits(end + 0.01)],
      quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map((probability) => ({ probability, distance: digits(end * (0.5 + probability)) })),
      failed: 0,
      distance: { step, mean, low: mean.map((value) => digits(value - spread)), high: mean.map((value) => digits(value + spread)), median },
    };
  });
}

function madeUpTuned(): NonNullable<Figure4Result["tuned"]> {
  const candidates = [
    { rate: 0.1, gamma: 1, anneal: 1 },
    { rate: 0.1, gamma: 0.98, anneal: 0.1 },
    { rate: 0.3, gamma: 0.98, anneal: 1 },
  ];
  const spec = { experiment: "figure-4", by: "distance", draws: { from: 1_000_000, count: 100 }, candidates, seed: 3 };
  return {
    by: "distance",
    draws: 300,
    candidates,
    spec,
    specHash: specHash(spec),
    series: madeUpSeries({ width: 100, classes: 10, k: 1, delta: 0 }, 0.34).map((one, p) => ({
      ...one,
      chosen: candidates[2 - (p % 2)]!,
      scores: [0.39 + 0.03 * p, 0.36, 0.35 + 0.02 * (p % 2)].map(digits),
    })),
  };
}

/** A figure 4 that no experiment gave, with every panel. */
export function madeUpFigure4(): Figure4Result {
  const main = { width: 100, classes: 10, k: 1, delta: 0 };
  const spec = {
    version: 1,
    command: "reproduce",
    experiment: { kind: "figure-4", width: [100, 20, 400], classes: [10, 2], k: [1, 8], delta: [0, 0.5, 1] },
    seed: 3,
  };
  return {
    format: "gradleak-figure-4-2",
    command: "reproduce",
    experiment: "figure-4",
    spec,
    specHash: specHash(spec),
    seed: 3,
    versions: { gradleak: "0.1.0", node: "20.20.0", onnxruntime: "1.30.0" },
    truth: { prior: "gaussian", conditional: "laplacian" },
    confidence: 0.95,
    series: [
      ...madeUpSeries(main, 0.38),
      ...madeUpSeries({ ...main, width: 20 }, 1.1),
      ...madeUpSeries({ ...main, width: 400 }, 0.2),
      ...madeUpSeries({ ...main, classes: 2 }, 0.9),
      ...[1, 8].flatMap((k) => [0.5, 1].flatMap((delta) => madeUpSeries({ ...main, k, delta }, 0.38).slice(0, 1))),
    ],
    tuned: madeUpTuned(),
    notes: ["The numbers are made up, and one is <b>bold</b>."],
  };
}
