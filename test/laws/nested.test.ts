import { describe, expect, it } from "vitest";
import { constant, type Tensor } from "../../src/graph/index.ts";
import { fillNormal, Key, keyFromSeed } from "../../src/random/index.ts";
import { compileNested, inputsAt, numbersAt } from "../../src/runtime/index.ts";

const filled = {
  seen: {
    update: {
      "0.weight": { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      "a/b": { shape: [2], data: Float32Array.of(7, 8) },
    },
    none: {},
  },
  key: { shape: [2], dtype: "key" as const, data: Uint32Array.from(keyFromSeed(3)) },
  x: { shape: [], data: Float32Array.of(0.1) },
};

describe("programs with nested records", () => {
  it("take and return what stands where in them, draws too", async () => {
    const { seen, key, x } = inputsAt(filled);
    expect(seen.update["0.weight"].shape).toEqual([2, 3]);
    expect(key.dtype).toBe("key");
    const outputs = {
      twice: { rows: seen.update["0.weight"].mul(2), deep: { column: seen.update["a/b"].add(x) } },
      noise: new Key(key).normal([4]),
      none: {},
    };
    const program = await compileNested(outputs, { threads: 1 });
    const found = await program.run(numbersAt(filled));
    await program.dispose();
    expect([...found.twice.rows]).toEqual([2, 4, 6, 8, 10, 12]);
    expect([...found.twice.deep.column]).toEqual([Math.fround(7.1), Math.fround(8.1)]);
    const noise = new Float32Array(4);
    fillNormal(keyFromSeed(3), noise);
    expect([...found.noise]).toEqual([...noise]);
    expect(found.none).toEqual({});
  });

  it("return every input as it was given", async () => {
    const { key: _, ...places } = filled;
    const program = await compileNested(inputsAt(places), { threads: 1 });
    expect(await program.run(numbersAt(places))).toEqual(numbersAt(places));
    await program.dispose();
  });

  it("leave out what a feed has and the program does not use, and refuse what is missing or of another size", async () => {
    const { seen } = inputsAt(filled);
    const program = await compileNested({ sum: seen.update["0.weight"].sum() }, { threads: 1 });
    expect([...(await program.run(numbersAt(filled))).sum]).toEqual([21]);
    await expect(program.run({ seen: {} })).rejects.toThrow('"seen/update/0.weight" takes 6 numbers of shape [2, 3]; got none');
    await expect(program.run({ seen: { update: { "0.weight": new Float32Array(5) } } })).rejects.toThrow("got 5");
    await program.dispose();
  });

  it("are not fed with what is fixed", async () => {
    const { seen, x } = inputsAt(filled);
    const { x: rest, seen: fixed } = numbersAt(filled);
    const program = await compileNested({ y: seen.update["0.weight"].sum().mul(x) }, { threads: 1, fixed: { seen: fixed! } });
    expect((await program.run({ x: rest! })).y[0]).toBeCloseTo(2.1, 6);
    await program.dispose();
  });

  it("are computed in float64 on request, to digits that float32 does not have, with fixed inputs or without", async () => {
    const places = { x: { shape: [] }, one: { y: { shape: [] } } };
    const sum = ({ x, one }: { x: Tensor; one: { y: Tensor } }) => ({ z: x.add(one.y).sub(constant(1)) });
    const tiny = Float64Array.of(1e-12);
    for (const [precision, expected] of [
      ["float64", 1e-12],
      ["float32", 0],
    ] as const) {
      const program = await compileNested(sum(inputsAt(places)), { precision, threads: 1 });
      const half = await compileNested(sum(inputsAt(places)), { precision, threads: 1, fixed: { one: { y: Float64Array.of(1) } } });
      expect((await program.run({ x: tiny, one: { y: Float64Array.of(1) } })).z[0]).toBeCloseTo(expected, 15);
      expect((await half.run({ x: tiny })).z[0]).toBeCloseTo(expected, 15);
      await program.dispose();
      await half.dispose();
    }
  });
});
