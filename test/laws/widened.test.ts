import { expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { constant, Gradients, input } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { likelihoodOf } from "./likelihood-of.ts";

const model = models.build("mlp:sizes=3,activation=sigmoid", { shape: [4], classes: 3, normalization: { mean: [0], std: [1] } });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const batch = { x: input("x", [1, 4]), y: input("y", [1, 3]) };
const update = new Gradients(new Map(model.parameters.map(({ name, shape }) => [name, constant(0.03, []).expand(shape)])));

it.each([
  ["gaussian:sigma=0.3", "gaussian:sigma=0.1"],
  ["laplacian:scale=0.3", "laplacian:scale=0.1"],
  ["clip:norm=0.5+gaussian:sigma=0.3", "clip:norm=0.5+gaussian:sigma=0.1"],
  ["mask:keep=0.4,published=false+laplacian:scale=0.3", "mask:keep=0.4,published=false+laplacian:scale=0.1"],
])("a law as wide as %s is %s widened, up to a constant", (wide, narrow) => {
  const at = (kind: string, factor?: number) => {
    const likelihood = likelihoodOf(kind);
    const law = factor === undefined ? likelihood : likelihood.widened!(constant(factor));
    return [
      [0.1, -0.7, 0.4, 1],
      [0.9, 0.2, -1.4, 0.3],
    ].map((x) => evaluate([law.given(one)(batch).logProb(update)], { x, y: [0, 1, 0] })[0]!.data[0]!);
  };
  const [a, b] = at(wide);
  const [c, d] = at(narrow, 3);
  expect(Math.abs(a! - b!)).toBeGreaterThan(1e-3);
  expect(d! - c!).toBeCloseTo(b! - a!, 9);
});
