import { describe, expect, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import { apply, constant, grad, input } from "../../src/graph/index.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import { Key } from "../../src/random/index.ts";
import { compile, devices } from "../../src/runtime/index.ts";

const graph = (seed = 0) => {
  const x = input("x", [4, 64]);
  const value = x
    .matmul(
      constant(
        Float32Array.from({ length: 4096 }, (_, i) => Math.cos(i + seed)),
        [64, 64],
      ),
    )
    .sigmoid()
    .square()
    .sum();
  return { value, gradient: grad(value, [x])[0]! };
};

describe("programs", () => {
  it("leave memory flat over 500 cycles of compiling, running and disposing", async () => {
    // Disposed programs are held, so that it is disposing that frees their memory, not the
    // collection of garbage.
    const held: unknown[] = [];
    let cycles = 0;
    const cycle = async () => {
      // Other constants make another program each time, so that none is taken up again.
      const program = await compile(graph(cycles++), { threads: 1 });
      held.push(program);
      await program.run({ x: new Float32Array(256).fill(0.1) });
      await program.dispose();
    };
    for (let i = 0; i < 100; i++) await cycle();
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 500; i++) await cycle();
    globalThis.gc?.();
    // A session of this graph takes about 200 kB: a leak of each would be 100 MB.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(40);
  });

  it("are the same bytes for the same graph", () => {
    expect(toOnnx(graph()).bytes).toEqual(toOnnx(graph()).bytes);
  });

  it("name the devices that are there when another is asked for", async () => {
    const error = await compile(graph(), { device: "abacus" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LeakageError);
    expect(String(error)).toContain("abacus");
    for (const device of await devices()) expect(String(error)).toContain(device);
  });

  it("name the operation, with its shapes, that ONNX Runtime refuses", async () => {
    // Reverse sizes: an average over a window that is larger than what ONNX Runtime allows for its
    // padding-free pool cannot be built, so the node is made by hand.
    const x = input("x", [1, 1, 4, 4]);
    const broken = apply("meanPool", { kernel: [2, 2], stride: [2, 2] }, [x]);
    Object.assign(broken.attributes, { kernel: [0, 0] });
    const error = await compile({ y: broken }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LeakageError);
    expect(String(error)).toContain("meanPool of [1, 1, 4, 4]");
  });

  it("give each of several calls at once its own results", async () => {
    const x = input("x", [3]);
    const noise = new Key(input("key", [2], "key")).normal([3]);
    const program = await compile({ sum: x.add(noise), noise }, { threads: 1 });
    const calls = [0, 1, 2].map((i) => ({ x: new Float32Array(3).fill(100 * i), key: Uint32Array.of(0, i) }));
    const together = await Promise.all(calls.map((feeds) => program.run(feeds)));
    const sums = together.map(({ sum }) => Math.round(sum[0]! / 100));
    expect(sums).toEqual([0, 1, 2]);
    for (const [i, feeds] of calls.entries()) expect(together[i]).toEqual(await program.run(feeds));
    expect(new Set(together.map(({ noise }) => noise[0])).size).toBe(3);
    await program.dispose();
  });

  it("return feeds and fixed numbers that are results, large and small", async () => {
    const [x, y, large] = [input("x", [2]), input("y", [2]), input("large", [10_000])];
    const outputs = { x, y, large, sum: x.add(y), total: large.sum() };
    const program = await compile(outputs, { threads: 1, fixed: { y: Float32Array.of(3, 4) } });
    const ones = new Float32Array(10_000).fill(1);
    for (const from of [1, 5]) {
      const given = Float32Array.of(from, from + 1);
      const { sum, total, ...same } = await program.run({ x: given, large: ones });
      expect(same).toEqual({ x: given, y: Float32Array.of(3, 4), large: ones });
      expect([...sum, ...total]).toEqual([from + 3, from + 5, 10_000]);
    }
    const alone = await compile({ x }, { threads: 1 });
    expect((await alone.run({ x: Float32Array.of(7, 8) })).x).toEqual(Float32Array.of(7, 8));
    await Promise.all([program.dispose(), alone.dispose()]);
  });

  it("say which feed is missing or of another size", async () => {
    const program = await compile(graph());
    await expect(program.run({})).rejects.toThrow(/"x" takes 256 numbers/);
    await expect(program.run({ x: new Float32Array(3) })).rejects.toThrow(/got 3/);
    await program.dispose();
  });
});
