import { describe, expect, it } from "vitest";
import { type Assumption, assuming, hasFailed, type Observations, type Progress, type Search } from "../../src/adversary/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import type { Likelihood } from "../../src/defenses/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { adam, constantRate, lbfgs } from "../../src/optimizers/index.ts";
import { uniform } from "../../src/priors/index.ts";
import { fillNormal, keyFromSeed, split } from "../../src/random/index.ts";
import { privateBatches, simulate } from "../../src/scenario/index.ts";

// A law of narrow noise multiplies the objective by a large number, and one of wide noise by a small
// one. Neither may stop a search.

const d = 6;
const lanes = 3;
const model = models.build("mlp:sizes=12", { shape: [d], classes: 3, normalization: { mean: [0], std: [1] } });
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const keys = split(keyFromSeed(2), lanes);

const scaled = (factor: number): Likelihood => ({
  name: "scaled",
  cancels: false,
  entries: false,
  given: (own) => (batch) => {
    const gradients = own.exactly().update(batch);
    return { logProb: (update) => gradients.squaredDistance(update).mul(-factor) };
  },
});

async function observed(): Promise<Observations> {
  const vectors = keys.map((key) => {
    const image = new Float32Array(d);
    fillNormal(key, image);
    return [{ index: 0, image, label: 1 }];
  });
  const held = privateBatches(vectors, client);
  const round = await simulate({ client, defense: { steps: [] } }, held, keys, { threads: 1 });
  return { rounds: [round], lanes, batchSize: 1, labels: held.y };
}

async function answer(
  factor: number,
  own: Pick<Search, "optimizer" | "rate" | "steps" | "result">,
  ball: Pick<Assumption, "ball"> = {},
): Promise<Progress> {
  const search: Search = { start: "normal", box: false, restarts: 1, ...own };
  const attack = assuming({ likelihood: scaled(factor), prior: uniform.build({}), ...ball }, search, { prior: "uniform" });
  let last: Progress | undefined;
  for await (const progress of attack.reconstruct(await observed(), keys, { threads: 1 })) last = progress;
  return last!;
}

const searches = {
  adam: { optimizer: adam(), rate: constantRate(0.1), steps: 100, result: "last" },
  "signed Adam": { optimizer: adam({ signed: true }), rate: constantRate(0.05), steps: 100, result: "last" },
  "L-BFGS": { optimizer: lbfgs(), rate: constantRate(1), steps: 10, result: "best" },
} as const;

describe.each(Object.entries(searches))("the answers of %s", (name, search) => {
  it.each([1e-30, 1e-20, 1e-8, 1e8, 1e24, 1e32])("do not depend on a factor of %d", async (factor) => {
    const [plain, other] = [await answer(1, search), await answer(factor, search)];
    expect(other.lanes().filter(({ stopped }) => hasFailed(stopped))).toEqual([]);
    const expected = plain.inputs();
    other.inputs().forEach((entry, i) => {
      expect(Math.abs(entry - expected[i]!), `${name}, entry ${i}`).toBeLessThan(2e-2);
    });
  });
});

it("L-BFGS in a ball comes to rest, because the points of the ball stay the same", async () => {
  const ball = { samples: 4, radius: 0.2, space: "model", bound: "jensen", points: "independent" } as const;
  const after = async (steps: number) => (await answer(1, { ...searches["L-BFGS"], steps }, { ball })).inputs();
  const [first, later] = [await after(15), await after(30)];
  later.forEach((entry, i) => {
    expect(Math.abs(entry - first[i]!)).toBeLessThan(1e-3);
  });
});
