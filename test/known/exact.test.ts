import { describe, expect, it } from "vitest";
import { invertDense } from "../../src/adversary/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { input } from "../../src/graph/index.ts";
import { psnr } from "../../src/metrics/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { fillUniform, keyFromSeed } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";

describe("a biased dense first layer", () => {
  const model = models.build("mlp:sizes=64/32", { shape: [3, 8, 8], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
  const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(5)) });
  const image = new Float32Array(192);
  fillUniform(keyFromSeed(6), image);
  const gradients = one.update({ x: input("x", [1, 3, 8, 8]), y: input("y", [1, 10]) });
  const feeds = { x: image, y: Float32Array.from({ length: 10 }, (_, i) => Number(i === 4)) };

  it("gives its input away by one division, in float64 above 200 dB", () => {
    const [found] = evaluate([invertDense(gradients.entries("0.weight"), gradients.entries("0.bias"))], feeds);
    // Entries are compared as they are: float32 would hide what float64 finds.
    const error = found!.data.reduce((sum, entry, i) => sum + (entry - image[i]!) ** 2, 0) / 192;
    expect(-10 * Math.log10(error)).toBeGreaterThan(200);
    expect(psnr(image, Float32Array.from(found!.data))).toBeGreaterThan(120);
  });

  it("gives nothing away when no unit is active", () => {
    const [found] = evaluate([invertDense(input("w", [4, 3]), input("b", [4]))], { w: new Float32Array(12), b: new Float32Array(4) });
    expect(found!.data.every(Number.isNaN)).toBe(true);
  });
});
