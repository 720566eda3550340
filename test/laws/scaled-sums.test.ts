import { describe, expect, it } from "vitest";
import { input, type Tensor } from "../../src/graph/index.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";

const n = 80;
const [a, b, m] = ["a", "b", "m"].map((name) => input(name, [n, n])) as [Tensor, Tensor, Tensor];
const feeds = Object.fromEntries(
  ["a", "b", "m"].map((name, k) => [name, Float32Array.from({ length: n * n }, (_, i) => Math.sin(i * (k + 1) + k))]),
);
const operations = (outputs: Record<string, Tensor>) => new TextDecoder("latin1").decode(toOnnx(outputs).bytes);

describe("A sum of a product and a scaled matrix", () => {
  const forms: readonly (readonly [string, () => Record<string, Tensor>, boolean])[] = [
    ["a b + c m", () => ({ sum: a.matmul(b).add(m.mul(0.9)) }), true],
    ["c m + aᵀ b", () => ({ sum: m.mul(0.9).add(a.matmul(b, true)) }), true],
    ["a bᵀ + c m, read again", () => ({ sum: a.matmul(b, false, true).add(m.mul(-0.5)).square() }), true],
    ["a b + c m where the product is a result too", () => ({ sum: a.matmul(b).add(m.mul(0.9)), product: a.matmul(b) }), true],
    ["a b + m", () => ({ sum: a.matmul(b).add(m) }), false],
    ["a b + c times a row", () => ({ sum: a.matmul(b).add(m.range(0, 0, 1).mul(0.9)) }), false],
  ];
  it.each(forms)("%s is what it is", async (_, make, fused) => {
    const outputs = make();
    const program = await compile(outputs, { threads: 1 });
    const found = await program.run(feeds);
    await program.dispose();
    const names = Object.keys(outputs);
    evaluate(Object.values(outputs), feeds).forEach(({ data }, i) => {
      const actual = found[names[i]!]!;
      data.forEach((entry, at) => {
        if (Math.abs(actual[at]! - entry) > 1e-3) expect(actual[at], `${names[i]} ${at}`).toBeCloseTo(entry, 3);
      });
    });
    expect(operations(outputs).includes("Gemm")).toBe(fused);
  });
});
