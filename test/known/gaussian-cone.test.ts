import { describe, expect, it } from "vitest";
import { attackOf, attacks } from "../../src/attacks/index.ts";
import { drawKey } from "../../src/audit/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { datasets, gaussianSet } from "../../src/data/index.ts";
import { defenses, lawOf } from "../../src/defenses/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { densityOf, priors } from "../../src/priors/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { taskOf } from "../../src/runs/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { examplesOf, finish, oneHot, privateBatches, reconstruct, simulate } from "../../src/scenario/index.ts";

const root = keyFromSeed(4);
const set = (split: "train" | "test") => gaussianSet({ dimension: 20, classes: 10, split }, root);
const data = set("test");
const examples = examplesOf(set("train"));
const model = models.build("mlp:sizes=24,initial=lecun", taskOf(data));
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(2)) });
const draws = 400;
/** A fifth of the vectors are no longer than this. */
const delta = 3.8;
const originals = Array.from({ length: draws }, (_, i) => data.example(i));

/** The answers of the Bayes adversary under a prior, one per vector. */
async function answers(scale: number, prior: string, options = "steps=150"): Promise<readonly Float32Array[]> {
  const defense = defenses.build({ kind: "laplacian", scale });
  const held = privateBatches(
    originals.map((one) => [one]),
    client,
  );
  const keys = (name: "noise" | "attack") => originals.map((_, i) => drawKey(root, name, i));
  const received = await simulate({ client, defense }, held, keys("noise"), { threads: 1 });
  const assumed = { prior: priors.build(prior, { examples }), name: prior };
  const attack = attacks.build(`bayes:${options}`).build({ law: lawOf(defense), prior: assumed, examples });
  const seen = { rounds: [received], lanes: draws, batchSize: 1, labels: held.y };
  const made = await finish(reconstruct({ attack, labels: "known", seen, keys: keys("attack"), options: { threads: 1 }, history: false }));
  return made.map(({ images }) => images[0]!);
}

const apart = (one: Float32Array, other: Float32Array): number => Math.hypot(...one.map((entry, i) => entry - other[i]!));
const recovered = (guesses: readonly Float32Array[]): number =>
  guesses.filter((guess, i) => apart(guess, originals[i]!.image) <= delta).length / draws;

/** log p(x | y) of each answer under the Gaussian in its cone. */
function logDensities(guesses: readonly Float32Array[]): number[] {
  const density = densityOf(priors.build("gaussian-cone", { examples }), client);
  return guesses.map((guess, i) => {
    const batch = { x: constant(guess, [1, 20]), y: constant(oneHot([originals[i]!.label], 10), [1, 10]) };
    return evaluate([density.logProb(batch)])[0]!.data[0]!;
  });
}

describe("the Gaussian in its cone", () => {
  it("is the prior of the data set where none is stated", () => {
    expect(datasets.build("gaussian").follows).toBe("gaussian-cone");
    expect(datasets.build("gaussian:classes=1000").follows).toBe("gaussian");
  });

  it("makes Bayes as good as the class mean where the update says nothing, with answers that can be", async () => {
    const classMeans = Array.from({ length: 10 }, (_, label) => {
      const own = Array.from({ length: 4000 }, (_, i) => set("train").example(i)).filter((one) => one.label === label);
      return Float32Array.from({ length: 20 }, (_, k) => own.reduce((sum, { image }) => sum + image[k]! / own.length, 0));
    });
    const mean = recovered(originals.map(({ label }) => classMeans[label]!));
    const [plain, coned] = [await answers(100, "gaussian"), await answers(100, "gaussian-cone")];
    // A standard deviation of a share of 400 is at most 2.5 points, and of paired differences less.
    expect(recovered(coned)).toBeGreaterThan(mean - 0.025);
    expect(recovered(coned)).toBeGreaterThan(recovered(plain) + 0.08);
    expect(logDensities(coned).every(Number.isFinite)).toBe(true);
    expect(logDensities(plain).filter(Number.isFinite).length).toBeLessThan(draws);
  });

  it("helps where the update says little, and all answers have positive density", async () => {
    const [plain, coned] = [await answers(1, "gaussian"), await answers(1, "gaussian-cone")];
    expect(logDensities(plain).filter(Number.isFinite).length).toBeLessThan(0.8 * draws);
    expect(logDensities(coned).every(Number.isFinite)).toBe(true);
    expect(recovered(coned)).toBeGreaterThan(recovered(plain) + 0.04);
  });

  it("holds points of a ball and starting points as well", async () => {
    for (const options of ["samples=4,delta=1", "samples=4,delta=1,bound=log-mean-exp", "restarts=2,langevin=0.1"])
      expect(logDensities(await answers(2, "gaussian-cone", `steps=3,${options}`)).every(Number.isFinite), options).toBe(true);
  });

  it("is refused where it does not fit", () => {
    expect(() => priors.build("gaussian-cone")).toThrow("needs data whose labels are known to be argmax W x");
    expect(() => priors.build("gaussian-cone+gaussian-cone", { examples })).toThrow("at most one factor that is 0 somewhere");
    const attack = attackOf("bayes:optimizer=lbfgs", { prior: { prior: priors.build("gaussian-cone", { examples }), name: "cone" } });
    const labels = oneHot([0], 10);
    expect(() => attack.check!({ rounds: [{ client }], lanes: 1, batchSize: 1, labels })).toThrow("This prior is 0 outside a support");
  });
});
