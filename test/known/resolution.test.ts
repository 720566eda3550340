import { describe, expect, it } from "vitest";
import { assuming, type Progress } from "../../src/adversary/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import type { Likelihood } from "../../src/defenses/index.ts";
import { kernelOf } from "../../src/distributions/index.ts";
import { constant, Gradients, input } from "../../src/graph/index.ts";
import { linear } from "../../src/models/layers.ts";
import { sequential } from "../../src/models/model.ts";
import { constantRate, lbfgs } from "../../src/optimizers/index.ts";
import type { Prior } from "../../src/priors/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";
import { likelihoodOf } from "../laws/likelihood-of.ts";

/**
 * A million parameters behind narrow Gaussian noise: a client whose gradient is c xᵀ, where the
 * posterior is normal with its mode in closed form. At the mode the misfit is about half the number
 * of parameters; the constants of the law are sixteen times as much.
 */
const d = 20;
const rows = 50_000;
const sigma = 1e-4;
const c = new Float32Array(rows);
fillNormal(keyFromSeed(1), c);
const task = { shape: [d], classes: rows, normalization: { mean: [0], std: [1] } };
const model = sequential(task, "nchw", [linear("0", [d], rows)]);
const weights = new Map(
  model.parameters.map(({ name, shape }) => [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }]),
);
const one = fedSgd({ model, weights, loss: (logits) => logits.mul(constant(c)).sum(-1).mean() });
const likelihood = likelihoodOf(`gaussian:sigma=${sigma}`);
const precision = c.reduce((sum, each) => sum + each * each, 0) / sigma ** 2;
/** Prior deviations from a tenth to ten times what the update alone leaves uncertain. */
const tau = Array.from({ length: d }, (_, i) => 10 ** (-1 + (2 * i) / (d - 1)) / Math.sqrt(precision));
const prior: Prior = { density: () => ({ logProb: ({ x }) => x.div(constant(tau)).square().sum().mul(-0.5) }) };
const deviations = tau.map((each) => 1 / Math.sqrt(precision + 1 / each ** 2));

const truth = new Float32Array(d);
fillNormal(keyFromSeed(2), truth);
const noise = new Float32Array(rows * d);
fillNormal(keyFromSeed(3), noise);
const g = noise.map((z, at) => c[Math.floor(at / d)]! * truth[at % d]! * tau[at % d]! + sigma * z);
const mode = tau.map((_, i) => {
  let matched = 0;
  for (let row = 0; row < rows; row++) matched += c[row]! * g[row * d + i]!;
  return (matched * deviations[i]! ** 2) / sigma ** 2;
});
const updates = new Map([
  ["0.weight", { shape: [1, rows, d], data: g }],
  ["0.bias", { shape: [1, rows], data: c }],
]);
const seen = {
  rounds: [{ client: one, updates }],
  lanes: 1,
  batchSize: 1,
  labels: new Float32Array(rows),
};

/** The same law without a kernel: what is minimized has its constants then. */
const whole: Likelihood = {
  ...likelihood,
  given: (client) => (batch, published) => {
    const { logProb } = likelihood.given(client)(batch, published);
    return { logProb };
  },
};

/** How far L-BFGS ends from the mode, in the posterior's own deviations: the farthest entry. */
async function end(law: Likelihood): Promise<number> {
  const attack = assuming(
    { likelihood: law, prior },
    { optimizer: lbfgs(), steps: 20, rate: constantRate(1), start: "zeros", box: false, restarts: 1, result: "best" },
    { prior: "gaussian" },
  );
  let last: Progress | undefined;
  for await (const progress of attack.reconstruct(seen, [foldIn(keyFromSeed(4), 0)], { threads: 2 })) last = progress;
  return last!.inputs().reduce((far, x, i) => Math.max(far, Math.abs(x - mode[i]!) / deviations[i]!), 0);
}

describe("with a million parameters behind narrow noise", () => {
  it("float32 tells apart what the constants of the law would hide", async () => {
    const x = input("x", [1, d]);
    const density = likelihood.given(one)({ x, y: constant(new Float32Array(rows), [1, rows]) });
    const update = new Gradients(new Map([...updates].map(([name, { shape, data }]) => [name, constant(data, shape.slice(1))])));
    const program = await compile({ kernel: kernelOf(density, update), logProb: density.logProb(update) }, { threads: 2 });
    // At the mode, and half a deviation beside it, where the likelihood is lower by about a fifth.
    const at = Float32Array.from(mode);
    const off = at.map((each, i) => each + 0.5 * deviations[i]! * Number(i === d - 1));
    const [here, there] = [await program.run({ x: at }), await program.run({ x: off })];
    const [one64, other64] = [at, off].map((point) => evaluate([kernelOf(density, update)], { x: point })[0]!.data[0]!);
    await program.dispose();
    const wanted = one64! - other64!;
    expect(wanted).toBeGreaterThan(0.1);
    expect(wanted).toBeLessThan(0.25);
    const between = (name: "kernel" | "logProb") => here![name]![0]! - there![name]![0]!;
    // The misfit is half a million: its float32 numbers are 1/32 apart, those of the whole
    // logarithm 1/2 or 1.
    expect(Math.abs(between("kernel") - wanted)).toBeLessThanOrEqual(1 / 32);
    expect(Math.abs(between("logProb") - wanted)).toBeGreaterThan(0.1);
  });

  it("L-BFGS comes to the posterior's mode", async () => {
    expect(await end(likelihood)).toBeLessThan(0.05);
    expect(await end(whole)).toBeGreaterThan(0.1);
  });
});
