import { expect, it } from "vitest";
import { input } from "../../src/graph/index.ts";
import { compile } from "../../src/runtime/index.ts";

it("sums of millions keep six digits in float32", async () => {
  const size = 3 * 2 ** 20;
  const entries = Float32Array.from({ length: size }, (_, i) => 1 + 1e-3 * Math.sin(i));
  const exact = entries.reduce((sum, entry) => sum + entry, 0);
  const program = await compile({ sum: input("x", [1024, size / 1024]).sum() });
  const { sum } = await program.run({ x: entries });
  await program.dispose();
  expect(Math.abs(sum[0]! - exact) / exact).toBeLessThan(1e-6);
});
