import { describe, expect, it } from "vitest";
import {
  assuming,
  cosine,
  type Observations,
  type Progress,
  recoverLabels,
  type Search,
  squaredDistance,
} from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { oneHot } from "../../src/audit/attack.ts";
import { simulate } from "../../src/audit/simulate.ts";
import { client } from "../../src/client/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { adam, constantRate, lbfgs } from "../../src/optimizers/index.ts";
import { priors } from "../../src/priors/index.ts";
import { fillUniform, foldIn, keyFromSeed } from "../../src/random/index.ts";

const model = models.build("mlp:sizes=24,activation=sigmoid", {
  shape: [1, 4, 4],
  classes: 5,
  normalization: { mean: [0.5], std: [0.25] },
});
const one = client({ model, weights: initialWeights(model, keyFromSeed(3)) });
const lanes = 3;
const truth = new Float32Array(lanes * 16);
fillUniform(keyFromSeed(4), truth);
const labels = oneHot([1, 4, 2], one);
const keys = [0, 1, 2].map((i) => foldIn(keyFromSeed(9), i));

async function observed(defense = "none"): Promise<Observations> {
  const { updates } = await simulate(
    one,
    defenses.build(defense),
    { lanes, batchSize: 1, x: truth.map((p) => (p - 0.5) / 0.25), y: labels },
    keys,
    { threads: 1 },
  );
  return { client: one, lanes, updates, batchSize: 1, labels };
}
const lane = (seen: Observations, i: number): Observations => ({
  ...seen,
  lanes: 1,
  updates: new Map([...seen.updates].map(([name, all]) => [name, all.slice((i * all.length) / lanes, ((i + 1) * all.length) / lanes)])),
  labels: seen.labels!.slice(i * 5, (i + 1) * 5),
});
async function last(running: AsyncIterable<Progress>): Promise<Progress> {
  let end: Progress | undefined;
  for await (const progress of running) end = progress;
  return end!;
}
const search: Search = { optimizer: adam(), steps: 40, rate: constantRate(0.1), start: "normal", box: true, restarts: 1, result: "last" };
const assumption = { likelihood: cosine, prior: priors.build("tv:weight=0.001") as never, jointLabels: false };

describe("an attack", () => {
  it("treats each lane as if it were alone", async () => {
    const seen = await observed("gaussian:sigma=0.01");
    const together = await last(assuming(assumption, search).reconstruct(seen, keys));
    for (let i = 0; i < lanes; i++) {
      const alone = await last(assuming(assumption, search).reconstruct(lane(seen, i), [keys[i]!]));
      alone.pictures().forEach((pixel, k) => {
        expect(pixel).toBeCloseTo(together.pictures()[i * 16 + k]!, 3);
      });
      expect(alone.lanes[0]!.objective).toBeCloseTo(together.lanes[i]!.objective, 4);
    }
  });

  it("stops a lane whose objective is not a number, says so, and goes on with the others", async () => {
    const seen = await observed();
    const broken = new Map(seen.updates);
    broken.set(
      "0.weight",
      broken.get("0.weight")!.map((entry, i) => (i === 24 * 16 + 3 ? Number.NaN : entry)),
    );
    const end = await last(assuming(assumption, search).reconstruct({ ...seen, updates: broken }, keys));
    expect(end.lanes.map(({ stopped }) => stopped)).toEqual([null, "nan", null]);
    expect(end.lanes.map(({ steps }) => steps)).toEqual([40, 0, 40]);
    expect(end.pictures().every(Number.isFinite)).toBe(true);
    const healthy = await last(assuming(assumption, search).reconstruct(seen, keys));
    expect([...end.pictures().slice(0, 16)]).toEqual([...healthy.pictures().slice(0, 16)]);
  });

  it("keeps the restart that explains the update best", async () => {
    const seen = lane(await observed(), 0);
    const many = await last(assuming(assumption, { ...search, restarts: 4 }).reconstruct(seen, [keys[0]!]));
    const each = await Promise.all(
      [0, 1, 2, 3].map(async (restart) => {
        // Restart r of a lane is drawn with the lane's key folded with r; from its own starting point it goes the same way.
        const start = new Float32Array(16);
        const { fillNormal } = await import("../../src/random/index.ts");
        fillNormal(foldIn(keys[0]!, restart), start);
        return last(assuming(assumption, search).reconstruct(seen, [keys[0]!], { start }));
      }),
    );
    expect(many.lanes[0]!.matching).toBeCloseTo(Math.min(...each.map((end) => end.lanes[0]!.matching)), 5);
  });

  it("stays in the box", async () => {
    const end = await last(assuming(assumption, search).reconstruct(await observed(), keys));
    for (const x of end.pictures()) expect(Math.abs(x * 0.25)).toBeLessThanOrEqual(0.5 + 1e-6);
  });

  it("goes on where no point of the ball lies in the box, and ends in it", async () => {
    const ball = { samples: 2, radius: 0.6, space: "pixel", bound: "log-mean-exp", points: "antithetic" } as const;
    const end = await last(assuming({ ...assumption, ball }, search).reconstruct(await observed(), keys));
    expect(end.lanes.map(({ stopped }) => stopped)).toEqual([null, null, null]);
    for (const x of end.pictures()) expect(Math.abs(x * 0.25)).toBeLessThanOrEqual(0.5 + 1e-6);
  });

  it("goes on to the last digits without noise, past where the expanded square cancels", async () => {
    const exact = { likelihood: squaredDistance, prior: priors.build("uniform") as never, jointLabels: false };
    const end = await last(
      assuming(exact, {
        ...search,
        optimizer: lbfgs({ history: 16 }),
        steps: 60,
        rate: constantRate(1),
        box: false,
        result: "best",
      }).reconstruct(await observed(), keys),
    );
    const x = end.pictures();
    const error = truth.reduce((sum, pixel, i) => sum + (x[i]! * 0.25 + 0.5 - pixel) ** 2, 0) / truth.length;
    // About 150 dB; the expanded square alone ends at 90.
    expect(-10 * Math.log10(error)).toBeGreaterThan(120);
  });

  it("reads labels off the last layer", async () => {
    const seen = await observed();
    expect([...recoverLabels(seen)]).toEqual([...labels]);
  });

  it.each(attacks.list().map(({ kind }) => kind))("%s is rebuilt by its spec", (kind) => {
    const spec = attacks.parse(kind);
    expect(attacks.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    const prior = { prior: priors.build("uniform"), name: "uniform" };
    const attack = attacks.build(spec).build({ jointLabels: false, prior });
    expect(attack).toHaveProperty("reconstruct");
    expect(attack.assumes.radius).toBe(0);
  });
});
