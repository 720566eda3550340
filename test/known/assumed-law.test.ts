import { describe, expect, it } from "vitest";
import { adam, assuming, constantRate, narrowed } from "../../src/adversary/index.ts";
import { oneHot, simulate } from "../../src/audit/index.ts";
import { client } from "../../src/client/index.ts";
import { gaussianSet } from "../../src/data/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { bootstrapMean } from "../../src/metrics/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { priors } from "../../src/priors/index.ts";
import { foldIn, keyFromSeed } from "../../src/random/index.ts";

/** The synthetic setting of the paper (§6): x ~ N(0, I₂₀), labels known, a network of one hidden layer, the true prior. */
const dimension = 20;
const classes = 10;
const model = models.build("mlp:sizes=100,initial=lecun", { shape: [dimension], classes, normalization: { mean: [0], std: [1] } });
const one = client({ model, weights: initialWeights(model, keyFromSeed(1)) });
const set = gaussianSet({ dimension, classes, split: "test" }, keyFromSeed(2));
const prior = priors.build("gaussian");

/** Updates of inputs `from` to `from + count`, with the keys of their starts. */
async function observe(defense: string, from: number, count: number) {
  const examples = Array.from({ length: count }, (_, i) => set.example(from + i));
  const x = Float32Array.from(examples.flatMap((example) => [...example.x]));
  const labels = oneHot(
    examples.map(({ label }) => label),
    one,
  );
  const keys = (stream: number) => examples.map((_, i) => foldIn(foldIn(keyFromSeed(3), stream), from + i));
  const batches = { lanes: count, batchSize: 1, x, y: labels };
  const { updates, open } = await simulate(one, defenses.build(defense), batches, keys(0), { threads: 2 });
  return { seen: { client: one, lanes: count, batchSize: 1, updates, open, labels }, x, keys: keys(1) };
}
type Draws = Awaited<ReturnType<typeof observe>>;

interface Tuning {
  readonly rate: number;
  /** The assumed noise begins so many times as wide. */
  readonly width: number;
}
const grid: readonly Tuning[] = [0.1, 0.2].flatMap((rate) => [1, 10].map((width) => ({ rate, width })));

/** Distances to the private inputs after 200 steps of the attack that assumes a law. */
async function distances(law: string, { rate, width }: Tuning, { seen, x, keys }: Draws): Promise<number[]> {
  const attack = assuming(
    { likelihood: defenses.build(law).likelihood!, prior, jointLabels: false },
    {
      optimizer: adam(),
      steps: 200,
      rate: constantRate(rate),
      widen: narrowed(width),
      start: "normal",
      box: false,
      restarts: 1,
      result: "last",
    },
  );
  let found: Float32Array = x;
  for await (const progress of attack.reconstruct(seen, keys, { threads: 2 }))
    if (progress.step === progress.of) found = progress.pictures();
  return Array.from({ length: seen.lanes }, (_, lane) =>
    Math.hypot(...found.subarray(lane * dimension, (lane + 1) * dimension).map((value, i) => value - x[lane * dimension + i]!)),
  );
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Each law's distances on the same draws, with the setting that was best on other draws: the same budget for all. */
async function compare(defense: string, laws: readonly string[]): Promise<number[][]> {
  const [tuning, scored] = [await observe(defense, 1000, 40), await observe(defense, 0, 40)];
  const results: number[][] = [];
  for (const law of laws) {
    const scores: number[] = [];
    for (const setting of grid) scores.push(mean(await distances(law, setting, tuning)));
    const best = grid[scores.indexOf(Math.min(...scores))]!;
    results.push(await distances(law, best, scored));
  }
  return results;
}

describe("assuming the law that is there comes closest, by paired differences on the same draws", () => {
  it.each([
    ["mask+gaussian", ["mask:redraw=never,seed=7+gaussian", "gaussian"]],
    ["mask:known=false+gaussian", ["mask:redraw=never,seed=7+gaussian", "gaussian"]],
    ["mask:known=false+laplacian", ["mask:redraw=never,seed=7+laplacian", "laplacian"]],
  ])(
    "%s",
    async (defense, others) => {
      const [truth, ...rest] = await compare(defense, [defense, ...others]);
      rest.forEach((wrong, i) => {
        const difference = bootstrapMean(
          wrong.map((distance, draw) => distance - truth![draw]!),
          keyFromSeed(4),
          { confidence: 0.95 },
        );
        expect(difference.lower, others[i]!).toBeGreaterThan(0);
      });
    },
    60_000,
  );
});
