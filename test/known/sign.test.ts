import { expect, it } from "vitest";
import { input, simplify, type Tensor, topological } from "../../src/graph/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";

it("the sign of every normal float32 is exact in a compiled program", async () => {
  const least = 2 ** -126;
  const x = Float32Array.of(0, -0, least, -least, 1e-30, -3, 1e30, -3.4e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  const program = await compile({ sign: input("x", [x.length]).sign() });
  const { sign } = await program.run({ x });
  await program.dispose();
  expect([...sign].map((entry) => entry + 0)).toEqual([...x].map((entry) => Math.sign(entry) + 0));
});

it("a number leaves a matrix product for the side with fewer entries, and its value stays", () => {
  const [a, b] = [input("a", [2, 50]), input("b", [50, 3])];
  const products: readonly Tensor[] = [a.mul(3).matmul(b.neg()), a.mul(3).neg().matmul(b.mul(0.5))];
  const feeds = {
    a: Float64Array.from({ length: 100 }, (_, i) => Math.sin(i)),
    b: Float64Array.from({ length: 150 }, (_, i) => Math.cos(2 * i)),
  };
  const simplified = simplify(products);
  expect(topological(simplified).filter(({ kind, size }) => (kind === "mul" || kind === "neg") && size > 6)).toEqual([]);
  evaluate(products, feeds).forEach(({ data }, i) => {
    const after = evaluate([simplified[i]!], feeds)[0]!.data;
    data.forEach((entry, j) => {
      expect(after[j]).toBeCloseTo(entry, 10);
    });
  });
});
