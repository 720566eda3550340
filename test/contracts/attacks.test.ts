import { describe, expect, it } from "vitest";
import {
  type Assumption,
  assuming,
  cosine,
  type Observations,
  type Progress,
  recoverLabels,
  type Search,
  squaredDistance,
} from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { datasets, noFiles } from "../../src/data/index.ts";
import { defenses, lawOf } from "../../src/defenses/index.ts";
import type { NamedNumbers } from "../../src/graph/index.ts";
import { defaultDelta } from "../../src/metrics/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { adam, constantRate, lbfgs } from "../../src/optimizers/index.ts";
import { priors } from "../../src/priors/index.ts";
import { fillNormal, fillUniform, foldIn, keyFromSeed, stream } from "../../src/random/index.ts";
import { taskOf } from "../../src/runs/index.ts";
import { oneHot, privateBatches, simulate } from "../../src/scenario/index.ts";

const model = models.build("mlp:sizes=24,activation=sigmoid", {
  shape: [1, 4, 4],
  classes: 5,
  normalization: { mean: [0.5], std: [0.25] },
});
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(3)) });
const lanes = 3;
const truth = new Float32Array(lanes * 16);
fillUniform(keyFromSeed(4), truth);
const labels = oneHot([1, 4, 2], 5);
const keys = [0, 1, 2].map((i) => foldIn(keyFromSeed(9), i));

async function observed(defense = "none"): Promise<Observations> {
  const received = await simulate(
    { client: one, defense: defenses.build(defense) },
    { lanes, batchSize: 1, x: truth.map((p) => (p - 0.5) / 0.25), y: labels },
    keys,
    { threads: 1 },
  );
  return { rounds: [received], lanes, batchSize: 1, labels };
}
/** Observations with other updates. */
const changed = (seen: Observations, change: (updates: NamedNumbers) => NamedNumbers): Observations => ({
  ...seen,
  rounds: seen.rounds.map((round) => ({ ...round, updates: change(round.updates) })),
});
const lane = (seen: Observations, i: number): Observations => ({
  ...changed(
    seen,
    (updates) =>
      new Map(
        [...updates].map(([name, { shape, data }]) => [
          name,
          { shape: [1, ...shape.slice(1)], data: data.slice((i * data.length) / lanes, ((i + 1) * data.length) / lanes) },
        ]),
      ),
  ),
  lanes: 1,
  labels: seen.labels!.slice(i * 5, (i + 1) * 5),
});
async function last(running: AsyncIterable<Progress>): Promise<Progress> {
  let end: Progress | undefined;
  for await (const progress of running) end = progress;
  return end!;
}
const search: Search = { optimizer: adam(), steps: 40, rate: constantRate(0.1), start: "normal", box: true, restarts: 1, result: "last" };
const assumption: Assumption = { likelihood: cosine, prior: priors.build("tv:weight=0.001") };
const named = { prior: "tv:weight=0.001" };

describe("an attack", () => {
  it("treats each lane as if it were alone", async () => {
    const seen = await observed("gaussian:sigma=0.01");
    const together = await last(assuming(assumption, search, named).reconstruct(seen, keys));
    for (let i = 0; i < lanes; i++) {
      const alone = await last(assuming(assumption, search, named).reconstruct(lane(seen, i), [keys[i]!]));
      alone.inputs().forEach((pixel, k) => {
        expect(pixel).toBeCloseTo(together.inputs()[i * 16 + k]!, 3);
      });
      expect(alone.lanes()[0]!.objective).toBeCloseTo(together.lanes()[i]!.objective!, 4);
    }
  });

  it("stops a lane whose objective is not a number, says so, and goes on with the others", async () => {
    const seen = await observed();
    const broken = changed(seen, (updates) => {
      const { shape, data } = updates.get("0.weight")!;
      return new Map([...updates, ["0.weight", { shape, data: data.map((entry, i) => (i === 24 * 16 + 3 ? Number.NaN : entry)) }]]);
    });
    const end = await last(assuming(assumption, search, named).reconstruct(broken, keys));
    expect(end.lanes().map(({ stopped }) => stopped)).toEqual([null, "nan", null]);
    expect(end.lanes().map(({ steps }) => steps)).toEqual([40, 0, 40]);
    expect(end.inputs().every(Number.isFinite)).toBe(true);
    const healthy = await last(assuming(assumption, search, named).reconstruct(seen, keys));
    expect([...end.inputs().slice(0, 16)]).toEqual([...healthy.inputs().slice(0, 16)]);
  });

  it("keeps the restart that explains the update best", async () => {
    const seen = lane(await observed(), 0);
    const many = await last(assuming(assumption, { ...search, restarts: 4 }, named).reconstruct(seen, [keys[0]!]));
    const each = await Promise.all(
      [0, 1, 2, 3].map(async (restart) => {
        // Restart r of a lane has the lane's key folded with r; from its own starting point it goes
        // the same way.
        const start = new Float32Array(16);
        fillNormal(stream(foldIn(keys[0]!, restart), "start"), start);
        return last(assuming(assumption, search, named).reconstruct(seen, [keys[0]!], { start }));
      }),
    );
    expect(many.lanes()[0]!.matching).toBeCloseTo(Math.min(...each.map((end) => end.lanes()[0]!.matching!)), 5);
  });

  it("stays in the box", async () => {
    const end = await last(assuming(assumption, search, named).reconstruct(await observed(), keys));
    for (const x of end.inputs()) expect(Math.abs(x * 0.25)).toBeLessThanOrEqual(0.5 + 1e-6);
  });

  it("goes on where no point of the ball lies in the box, and ends in it", async () => {
    const ball = { samples: 2, radius: 0.6, space: "pixel", bound: "log-mean-exp", points: "antithetic" } as const;
    const end = await last(assuming({ ...assumption, ball }, search, named).reconstruct(await observed(), keys));
    expect(end.lanes().map(({ stopped }) => stopped)).toEqual([null, null, null]);
    for (const x of end.inputs()) expect(Math.abs(x * 0.25)).toBeLessThanOrEqual(0.5 + 1e-6);
  });

  it("goes on to the last digits without noise, past where the expanded square cancels", async () => {
    const exact: Assumption = { likelihood: squaredDistance, prior: priors.build("uniform") };
    const end = await last(
      assuming(
        exact,
        { ...search, optimizer: lbfgs({ history: 16 }), steps: 60, rate: constantRate(1), box: false, result: "best" },
        { prior: "uniform" },
      ).reconstruct(await observed(), keys),
    );
    const x = end.inputs();
    const error = truth.reduce((sum, pixel, i) => sum + (x[i]! * 0.25 + 0.5 - pixel) ** 2, 0) / truth.length;
    // About 150 dB; the expanded square alone ends at 90.
    expect(-10 * Math.log10(error)).toBeGreaterThan(120);
  });

  it("reads labels off the last layer", async () => {
    const seen = await observed();
    expect([...(await recoverLabels(seen)).labels]).toEqual([...labels]);
  });

  it.each(attacks.list().map(({ kind }) => kind))("%s is rebuilt by its spec", (kind) => {
    const spec = attacks.parse(kind);
    expect(attacks.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    const prior = { prior: priors.build("uniform"), name: "uniform" };
    const attack = attacks.build(spec).build({ prior, radius: { radius: 1, space: "pixel" } });
    expect(attack).toHaveProperty("reconstruct");
    expect(attack.assumes.radius).toBe(kind === "posterior" ? 1 : 0);
  });
});

describe("the ball that bayes chooses", () => {
  const radius = { radius: 2, space: "pixel" } as const;
  const prior = { prior: priors.build("uniform"), name: "uniform" };
  const assumed = (spec: string) => attacks.build(attacks.parse(spec)).build({ prior, radius }).assumes;

  it("is small and shrinks, unless a radius is stated, which stays", () => {
    expect(assumed("bayes:samples=8")).toMatchObject({ radius: 0.02, samples: 8 });
    expect(assumed("bayes:samples=8").shrunkRadius).toBeCloseTo(0.002, 12);
    expect(assumed("bayes:samples=8,delta=2")).toMatchObject({ radius: 2 });
    expect(assumed("bayes:samples=8,delta=2")).not.toHaveProperty("shrunkRadius");
    expect(assumed("bayes:samples=8,delta=2,shrink=0.5").shrunkRadius).toBe(1);
    expect(assumed("bayes")).toMatchObject({ radius: 0, samples: 1 });
  });

  it("does no worse than a point on images behind little noise, where the ball of the score does", async () => {
    const data = await datasets.build("shapes").open("test", noFiles);
    const network = models.build("mlp:sizes=32", taskOf(data));
    const client = fedSgd({ model: network, weights: initialWeights(network, keyFromSeed(2)) });
    const defense = defenses.build("gaussian:sigma=0.01");
    const held = privateBatches(
      [0, 1, 2, 3].map((i) => [data.example(i)]),
      client,
    );
    const own = [0, 1, 2, 3].map((i) => foldIn(keyFromSeed(8), i));
    const received = await simulate({ client, defense }, held, own, { threads: 1 });
    const seen = { rounds: [received], lanes: 4, batchSize: 1, labels: held.y };
    const delta = defaultDelta(data.shape as [number, number, number]);
    const setting = {
      law: lawOf(defense),
      prior: { prior: priors.build("tv:weight=100"), name: "tv" },
      radius: { radius: delta, space: "pixel" },
    } as const;
    const far = async (spec: string) => {
      const attack = attacks.build(attacks.parse(spec)).build(setting);
      const x = (await last(attack.reconstruct(seen, own, { threads: 1 }))).inputs();
      return Math.sqrt(x.reduce((sum, each, i) => sum + (each - held.x[i]!) ** 2, 0) / 4);
    };
    const point = await far("bayes:steps=120");
    expect(await far("bayes:steps=120,samples=4")).toBeLessThan(1.1 * point);
    expect(await far(`bayes:steps=120,samples=4,delta=${delta}`)).toBeGreaterThan(1.3 * point);
  }, 180_000);
});
