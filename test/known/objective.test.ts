import { describe, expect, it } from "vitest";
import { type Attack, type Ball, jensen, logMeanExp, type Observations, pointsIn } from "../../src/adversary/index.ts";
import { attacks, type Setting } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { defenses, lawOf } from "../../src/defenses/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { priors } from "../../src/priors/index.ts";
import { fillUniform, Key, keyFromSeed, split, stream } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { oneHot, piece, simulate } from "../../src/scenario/index.ts";

const [lanes, batchSize, d] = [2, 2, 4];
const normalization = { mean: [0.4], std: [0.25] };
const model = models.build("mlp:sizes=6,activation=sigmoid", { shape: [1, 2, 2], classes: 3, normalization });
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const names = model.parameters.map(({ name }) => name);
/** Images in [0, 1], in model space. */
const truth = new Float32Array(lanes * batchSize * d);
fillUniform(keyFromSeed(2), truth);
truth.forEach((u, i) => {
  truth[i] = (u - 0.4) / 0.25;
});
const at = { x: truth, y: oneHot([0, 2, 1, 1], 3) };
const keys = split(keyFromSeed(4), lanes);
const sigma = 0.05;

async function observe(defense: string): Promise<Observations> {
  const held = { lanes, batchSize, ...at };
  const received = await simulate({ client, defense: defenses.build(defense) }, held, split(keyFromSeed(3), lanes), {
    precision: "float64",
  });
  return { rounds: [received], lanes, batchSize, labels: at.y };
}

/** Bare gradient of a batch in a lane, by the client, as one list of entries. */
function gradientOf(x: ArrayLike<number>, lane: number): number[] {
  const update = client.update({
    x: constant(Float64Array.from(x), [batchSize, 1, 2, 2]),
    y: constant(piece(at.y, lane, lanes), [batchSize, 3]),
  });
  return evaluate(names.map((name) => update.entries(name))).flatMap(({ data }) => [...data]);
}
const sentIn = (seen: Observations, lane: number): number[] =>
  names.flatMap((name) => [...piece(seen.rounds[0]!.updates.get(name)!.data, lane, lanes)]);
const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);
const gaussianPrior = (x: ArrayLike<number>): number => sum(Array.from(x, (entry) => -(entry ** 2) / 2));

/** log p(g | x) without constants: by entry, or of whole gradients. */
const laws: Readonly<Record<string, (sent: readonly number[], own: readonly number[]) => number>> = {
  gaussian: (sent, own) => sum(sent.map((g, i) => -((g - own[i]!) ** 2) / (2 * sigma ** 2))),
  laplacian: (sent, own) => sum(sent.map((g, i) => -Math.abs(g - own[i]!) / sigma)),
  cosine: (sent, own) => sum(sent.map((g, i) => g * own[i]!)) / Math.hypot(...sent) / Math.hypot(...own) - 1,
};

const build = (spec: string, defense: string): Attack => {
  const setting: Setting = { law: lawOf(defenses.build(defense)), prior: { prior: priors.build("gaussian"), name: "gaussian" } };
  return attacks.build(spec).build(setting);
};
const objective = async (attack: Attack, seen: Observations): Promise<Float32Array> => {
  attack.check?.(seen);
  return (await attack.objective!(seen, [at], keys, { precision: "float64" }))[0]!;
};

describe("an attack's objective at the truth is what a direct evaluation gives", () => {
  it.each([
    ["gaussian", `gaussian:sigma=${sigma}`, "bayes"],
    ["laplacian", `laplacian:scale=${sigma}`, "bayes"],
    ["cosine", `gaussian:sigma=${sigma}`, "bayes:conditional=cosine"],
    ["gaussian", `laplacian:scale=${sigma}`, `bayes:conditional=(gaussian:sigma=${sigma})`],
    // How the search gets there does not change it.
    ["gaussian", `gaussian:sigma=${sigma}`, "bayes:anneal=0.001,restarts=3,langevin=0.1"],
    ["laplacian", `laplacian:scale=${sigma}`, "bayes:widen=10"],
  ])("%s, of updates behind %s, for %s", async (law, defense, spec) => {
    const seen = await observe(defense);
    const found = await objective(build(spec, defense), seen);
    expect(found.length).toBe(lanes);
    found.forEach((value, lane) => {
      const x = piece(truth, lane, lanes);
      const expected = -(laws[law]!(sentIn(seen, lane), gradientOf(x, lane)) + gaussianPrior(x));
      expect(Math.abs(value / expected - 1)).toBeLessThan(1e-6);
    });
  });

  it("a narrow Gaussian, of updates without noise", async () => {
    const seen = await observe("clip:norm=0.1");
    const found = await objective(build("bayes", "clip:norm=0.1"), seen);
    const attacked = await objective(build("bayes", "none"), seen);
    found.forEach((value, lane) => {
      const x = piece(truth, lane, lanes);
      const [sent, bare] = [sentIn(seen, lane), gradientOf(x, lane)];
      // The clipped gradient is the update, but for its float32 digits; the bare one is longer.
      expect(Math.abs(value + gaussianPrior(x))).toBeLessThan(1e-3);
      const misfit = (sent.length * sum(sent.map((g, i) => (g - bare[i]!) ** 2))) / sum(sent.map((g) => g * g)) / (2 * 0.01 ** 2);
      expect(Math.abs(attacked[lane]! / (misfit - gaussianPrior(x)) - 1)).toBeLessThan(1e-6);
    });
  });

  const ball: Omit<Ball, "points" | "mean"> = { samples: 6, rows: batchSize, halfAxes: constant(new Float64Array(d).fill(0.3)), rest: 0 };
  it.each([
    ["independent", "jensen", "laplacian"],
    ["antithetic", "jensen", "gaussian"],
    ["antithetic", "log-mean-exp", "laplacian"],
  ] as const)("with a ball of %s points, by %s, %s", async (points, bound, law) => {
    const defense = `${law}:${law === "gaussian" ? "sigma" : "scale"}=${sigma}`;
    const seen = await observe(defense);
    // A radius of 0.075 between pixels is one of 0.3 as the network sees them.
    const setting: Setting = {
      law: lawOf(defenses.build(defense)),
      prior: { prior: priors.build("gaussian"), name: "gaussian" },
      radius: { radius: 0.075, space: "pixel" },
    };
    const spec = `bayes:samples=6,delta=0.075,points=${points},bound=${bound},box=false`;
    const found = await objective(attacks.build(spec).build(setting), seen);
    const mean = { jensen, "log-mean-exp": logMeanExp }[bound];
    found.forEach((value, lane) => {
      const center = constant(piece(truth, lane, lanes), [batchSize * d]);
      const [drawn] = evaluate([pointsIn({ ...ball, points, mean }, center, Key.input("key"))], { key: stream(keys[lane]!, "ball") });
      const logs = Array.from({ length: 6 }, (_, k) => {
        const x = drawn!.data.slice(k * batchSize * d, (k + 1) * batchSize * d);
        return laws[law]!(sentIn(seen, lane), gradientOf(x, lane)) + gaussianPrior(x);
      });
      const top = Math.max(...logs);
      const expected = bound === "jensen" ? sum(logs) / 6 : top + Math.log(sum(logs.map((log) => Math.exp(log - top))) / 6);
      expect(Math.abs(value / -expected - 1)).toBeLessThan(1e-6);
    });
  });

  it("with a ball in a box: its points are put back into it, by either bound", async () => {
    const defense = `gaussian:sigma=${sigma}`;
    const seen = await observe(defense);
    const setting: Setting = {
      law: lawOf(defenses.build(defense)),
      prior: { prior: priors.build("gaussian"), name: "gaussian" },
      radius: { radius: 0.75, space: "pixel" },
    };
    const low = -0.4 / 0.25;
    const high = 0.6 / 0.25;
    const wide: Ball = { ...ball, halfAxes: constant(new Float64Array(d).fill(3)), points: "independent", mean: jensen };
    for (const bound of ["jensen", "log-mean-exp"] as const) {
      const found = await objective(attacks.build(`bayes:samples=6,delta=0.75,bound=${bound}`).build(setting), seen);
      found.forEach((value, lane) => {
        const center = constant(piece(truth, lane, lanes), [batchSize * d]);
        const [drawn] = evaluate([pointsIn(wide, center, Key.input("key"))], { key: stream(keys[lane]!, "ball") });
        const points = Array.from({ length: 6 }, (_, k) => drawn!.data.slice(k * batchSize * d, (k + 1) * batchSize * d));
        // Points this far out leave the box.
        expect(points.some((x) => x.some((entry) => entry < low || entry > high))).toBe(true);
        const logs = points.map((x) => {
          const inside = x.map((entry) => Math.min(high, Math.max(low, entry)));
          return laws.gaussian!(sentIn(seen, lane), gradientOf(inside, lane)) + gaussianPrior(inside);
        });
        const top = Math.max(...logs);
        const expected = bound === "jensen" ? sum(logs) / 6 : top + Math.log(sum(logs.map((log) => Math.exp(log - top))) / 6);
        expect(Math.abs(value / -expected - 1)).toBeLessThan(1e-6);
      });
    }
  });

  it("is what the search reports where it begins there", async () => {
    const defense = `laplacian:scale=${sigma}`;
    const seen = await observe(defense);
    const attack = build("bayes:steps=1", defense);
    const found = await objective(attack, seen);
    for await (const progress of attack.reconstruct(seen, keys, { precision: "float64", start: truth }))
      progress.lanes().forEach(({ objective }, lane) => {
        expect(Math.abs(objective! / found[lane]! - 1)).toBeLessThan(1e-6);
      });
  });
});
