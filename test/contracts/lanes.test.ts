import { describe, expect, it } from "vitest";
import { assuming, cosine, type Neighborhood, type Search, squaredDistance } from "../../src/adversary/index.ts";
import { type AuditInput, audit } from "../../src/audit/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { gaussianSet } from "../../src/data/index.ts";
import { defenses, gaussianLikelihood, type Likelihood, laplacianLikelihood } from "../../src/defenses/index.ts";
import { sizeOf } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { adam, annealed, constantRate, exponentialRate, lbfgs, narrowed } from "../../src/optimizers/index.ts";
import { priors } from "../../src/priors/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { finish, privateBatches, scenario, simulate } from "../../src/scenario/index.ts";

const lanes = 16;
const dimension = 21;
const classes = 7;
const task = { shape: [dimension], classes, normalization: { mean: [0], std: [1] } };
const model = models.build(models.parse("mlp:sizes=33"), task);
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const keys = Array.from({ length: 2 * lanes }, (_, draw) => foldIn(keyFromSeed(2), draw));

/**
 * What an attack of some steps makes of updates, one a lane, and the update of a draw follows from
 * its number.
 */
async function attacked(draws: readonly number[], threads: number, points: number): Promise<readonly Float32Array[]> {
  const updates = new Map(
    one.parameters.map(({ name, shape }, place) => {
      const size = sizeOf(shape);
      const all = new Float32Array(draws.length * size);
      draws.forEach((draw, lane) => {
        fillNormal(foldIn(keys[draw]!, 100 + place), all.subarray(lane * size, (lane + 1) * size));
      });
      return [name, { shape: [draws.length, ...shape], data: all }] as const;
    }),
  );
  const labels = new Float32Array(draws.length * classes);
  draws.forEach((draw, lane) => {
    labels[lane * classes + (draw % classes)] = 1;
  });
  const attack = assuming(
    {
      likelihood: laplacianLikelihood(0.5),
      prior: priors.build("gaussian"),
      ...(points > 1 ? { ball: { samples: points, radius: 1, space: "model", bound: "jensen", points: "independent" } } : {}),
    },
    { optimizer: adam(), steps: 6, rate: constantRate(0.1), start: "normal", box: false, restarts: 1, result: "last" },
    { prior: "gaussian" },
  );
  const seen = { rounds: [{ client: one, updates }], lanes: draws.length, batchSize: 1, labels };
  let all = new Float32Array();
  for await (const progress of attack.reconstruct(
    seen,
    draws.map((draw) => keys[draw]!),
    { threads },
  ))
    all = new Float32Array(progress.inputs());
  return draws.map((_, lane) => all.slice(lane * dimension, (lane + 1) * dimension));
}

const first = [0, 1, 2];
const whole = Array.from({ length: lanes }, (_, draw) => draw);

describe.each([
  { threads: 1, points: 1 },
  { threads: 2, points: 1 },
  { threads: 1, points: 3 },
])("a draw of an attack with $threads threads and $points points", ({ threads, points }) => {
  it("has the same numbers to the bit in its lane, whatever the other lanes hold", async () => {
    const expected = await attacked(whole, threads, points);
    const copies = whole.map((draw) => Math.min(draw, 2));
    const others = whole.map((draw) => (draw < 3 ? draw : draw + lanes));
    for (const padded of [copies, others]) {
      const made = await attacked(padded, threads, points);
      for (const draw of first) expect(made[draw]).toEqual(expected[draw]);
    }
  });

  it("has nearly the same numbers in another lane, and among more of them", async () => {
    const expected = await attacked(whole, threads, points);
    const reversed = (await attacked(whole.toReversed(), threads, points)).toReversed();
    const more = await attacked([...whole, ...whole.map((draw) => draw + lanes)], threads, points);
    for (const draw of whole)
      for (const made of [reversed, more]) {
        const off = made[draw]!.map((entry, i) => Math.abs(entry - expected[draw]![i]!));
        expect(Math.max(...off)).toBeLessThan(1e-4);
      }
  });
});

describe("an audit", () => {
  const sizes = { dimension, classes };
  const [data, publicData] = (["test", "train"] as const).map((split) => gaussianSet({ ...sizes, split }, keyFromSeed(4)));
  const search = { optimizer: adam(), rate: constantRate(0.3), start: "normal", box: false, restarts: 1, result: "last" } as const;
  const scenarios = [
    scenario({
      client: one,
      defense: { name: "gaussian", ...defenses.build("gaussian:sigma=0.001") },
      attacks: [
        {
          name: "bayes",
          ...assuming(
            { likelihood: gaussianLikelihood(0.001), prior: priors.build("gaussian") },
            { ...search, steps: 40 },
            { prior: "gaussian" },
          ),
        },
      ],
      score: { delta: 1, deltaSpace: "model" },
    }),
  ];
  const draws = async (sizes: Pick<AuditInput, "lanes" | "chunk">) =>
    (await finish(audit({ scenarios, data: data!, publicData: publicData!, samples: 11, ...sizes }))).result.data;

  it("has the same numbers to the bit for any chunk", async () => {
    const whole = await draws({ lanes: 4, chunk: 11 });
    for (const chunk of [1, 4, 6, 8]) expect(await draws({ lanes: 4, chunk })).toEqual(whole);
  });
});

describe("a lane depends on nothing but itself", () => {
  const ball = { samples: 4, radius: 0.3, space: "model", bound: "jensen", points: "independent" } as const;
  const plain = { steps: 40, start: "normal", box: false, restarts: 1, result: "last" } as const;
  // Wide enough that L-BFGS ends near a minimum: until then each step amplifies float32's rounding.
  const wide = gaussianLikelihood(1);
  const searches: Readonly<
    Record<string, { likelihood: Likelihood; ball?: Neighborhood; search: Partial<Search> & Pick<Search, "optimizer" | "rate"> }>
  > = {
    "bayes by adam": { likelihood: laplacianLikelihood(0.5), search: { optimizer: adam(), rate: constantRate(0.05) } },
    "inverting gradients": { likelihood: cosine, search: { optimizer: adam({ signed: true }), rate: constantRate(0.01) } },
    "squared distance by L-BFGS": { likelihood: squaredDistance, search: { optimizer: lbfgs(), rate: constantRate(1) } },
    "the original L-BFGS": {
      likelihood: wide,
      search: { optimizer: lbfgs({ lineSearch: "none", iterations: 1 }), rate: constantRate(0.1) },
    },
    "annealed L-BFGS": {
      likelihood: wide,
      search: { optimizer: lbfgs({ iterations: 1 }), rate: constantRate(1), anneal: annealed(1e-2), result: "best" },
    },
    "narrowed L-BFGS": {
      likelihood: wide,
      search: { optimizer: lbfgs({ iterations: 1 }), rate: constantRate(1), widen: narrowed(10), result: "best" },
    },
    "L-BFGS in a ball": { likelihood: wide, ball, search: { optimizer: lbfgs({ iterations: 1 }), rate: constantRate(1) } },
    "annealed Adam in a ball": {
      likelihood: wide,
      ball,
      search: { optimizer: adam(), rate: exponentialRate(0.05, 0.99), anneal: annealed(0.01) },
    },
    "Langevin dynamics that end early": {
      likelihood: wide,
      search: { optimizer: adam(), rate: constantRate(0.05), langevin: 0.01, patience: 5 },
    },
    "restarts with a consensus": {
      likelihood: wide,
      search: { optimizer: adam(), rate: constantRate(0.05), restarts: 3, group: { weight: 0.1, from: 3, every: 5, shift: 0 } },
    },
  };

  /** Answers of the given draws after the search, attacked so many at a time. */
  async function answers(name: string, draws: readonly number[], together: number, precision: "float32" | "float64") {
    const { likelihood, ball: own, search } = searches[name]!;
    const attack = assuming(
      { likelihood, prior: priors.build("gaussian"), ...(own ? { ball: own } : {}) },
      { ...plain, ...search },
      { prior: "gaussian" },
    );
    const found = new Map<number, Float32Array>();
    for (let from = 0; from < draws.length; from += together) {
      const part = draws.slice(from, from + together);
      const examples = gaussianSet({ dimension, classes, split: "test" }, keyFromSeed(4));
      const held = privateBatches(
        part.map((draw) => [examples.example(draw)]),
        one,
      );
      const own = part.map((draw) => keys[draw]!);
      const round = await simulate({ client: one, defense: defenses.build("laplacian:scale=0.1") }, held, own, { precision });
      const seen = { rounds: [round], lanes: part.length, batchSize: 1, labels: held.y };
      let last = new Float32Array();
      for await (const progress of attack.reconstruct(seen, own, { precision })) last = new Float32Array(progress.inputs());
      part.forEach((draw, lane) => {
        found.set(draw, last.slice(lane * dimension, (lane + 1) * dimension));
      });
    }
    return found;
  }

  it.each(Object.keys(searches))("%s: in any number of lanes, in any order, next to any neighbors", async (name) => {
    for (const [precision, tolerance] of [
      ["float64", 1e-9],
      ["float32", 1e-3],
    ] as const) {
      const expected = await answers(name, [0, 1, 2, 3], 4, precision);
      const others = [
        await answers(name, [0, 1, 2, 3], 1, precision),
        await answers(name, [3, 2, 1, 0], 4, precision),
        await answers(name, [2, 9, 7, 5], 4, precision),
      ];
      for (const [i, other] of others.entries())
        for (const [draw, answer] of other) {
          const off = expected.get(draw)?.map((entry, k) => Math.abs(entry - answer[k]!)) ?? [0];
          expect(Math.max(...off), `${precision}, ${["one by one", "reversed", "other neighbors"][i]}, draw ${draw}`).toBeLessThan(
            tolerance,
          );
        }
    }
  });
});
