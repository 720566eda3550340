import { InferenceSession } from "onnxruntime-node";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { shapesSet } from "../../src/data/index.ts";
import { constant, fingerprint, input, type Tensor } from "../../src/graph/index.ts";
import { Key, keyFromSeed } from "../../src/random/index.ts";
import { memoryStore, plan, type Sources } from "../../src/runs/index.ts";
import { compile, releasePrograms } from "../../src/runtime/index.ts";

const created = vi.spyOn(InferenceSession, "create");
beforeEach(async () => {
  await releasePrograms();
  created.mockClear();
});
afterEach(releasePrograms);

/** x · θ for 100 weights θ, built anew at each call. */
const times = (theta: ArrayLike<number>): { y: Tensor } => ({
  y: input("x", [1, 10]).matmul(constant(Float32Array.from(theta), [10, 10])),
});
const theta = Array.from({ length: 100 }, (_, i) => Math.sin(i));
const x = Float32Array.from({ length: 10 }, (_, i) => i);

describe("programs that were disposed of", () => {
  it("are taken up again for the same graph and constants", async () => {
    const first = await compile(times(theta));
    const { y } = await first.run({ x });
    await first.dispose();
    const second = await compile(times(theta));
    expect(created).toHaveBeenCalledTimes(1);
    expect((await second.run({ x })).y).toEqual(y);
    await second.dispose();
  });

  it("are not taken for others: of other constants, other threads, other names, or in use", async () => {
    const changed = theta.with(57, theta[57]! + 1e-6);
    const flipped = theta.map((entry, i) => (i === 13 || i === 14 ? -entry : entry));
    const first = await compile(times(theta));
    await first.dispose();
    const others = [
      await compile(times(theta), { threads: 1 }),
      await compile(times(changed)),
      await compile(times(flipped)),
      await compile({ z: times(theta).y }),
    ];
    expect(created).toHaveBeenCalledTimes(5);
    const users = [await compile(times(theta)), await compile(times(theta))];
    expect(created).toHaveBeenCalledTimes(6);
    expect((await others[2]!.run({ x })) as unknown).not.toEqual(await users[0]!.run({ x }));
    for (const program of [...others, ...users]) await program.dispose();
  });

  it("see constants that were changed in place", async () => {
    const numbers = Float32Array.from(theta);
    const one = () => ({ y: input("x", [1, 10]).matmul(constant(numbers, [10, 10])) });
    const first = await compile(one());
    const { y } = await first.run({ x });
    await first.dispose();
    numbers[99] = 5;
    const second = await compile(one());
    expect((await second.run({ x })).y).not.toEqual(y);
    await second.dispose();
  });

  it("draw from the key that they are fed with", async () => {
    const noise = () => ({ y: Key.input("key").foldIn(1).normal([4]) });
    const draw = async (seed: number) => {
      const program = await compile(noise());
      const { y } = await program.run({ key: Uint32Array.from(keyFromSeed(seed)) });
      await program.dispose();
      return y;
    };
    const [a, b, again] = [await draw(1), await draw(2), await draw(1)];
    expect(created).toHaveBeenCalledTimes(1);
    expect(again).toEqual(a);
    expect(b).not.toEqual(a);
  });

  it("cannot run, however often they are disposed of", async () => {
    const program = await compile(times(theta));
    await program.dispose();
    const next = await compile(times(theta));
    await program.dispose();
    await expect(program.run({ x })).rejects.toThrow(/disposed/);
    const other = await compile(times(theta));
    expect(created).toHaveBeenCalledTimes(2);
    await next.dispose();
    await other.dispose();
  });

  it("are few, and gone when they are released", async () => {
    const releases: MockInstance[] = [];
    for (let i = 0; i < 34; i++) {
      const program = await compile(times(theta.map((entry) => entry + i)));
      releases.push(vi.spyOn(await (created.mock.results.at(-1)!.value as Promise<InferenceSession>), "release"));
      await program.dispose();
    }
    const released = () => releases.map((release) => release.mock.calls.length);
    expect(released()).toEqual([1, 1, ...new Array(32).fill(0)]);
    await releasePrograms();
    expect(released()).toEqual(new Array(34).fill(1));
  });
});

it("fingerprints tell graphs apart that differ in one attribute", () => {
  const a = input("x", [2, 3]);
  const texts = [a.sum(0), a.sum(1), a.exp().sum(0), a.transpose([1, 0]).sum(1), input("z", [2, 3]).sum(0)].map((one) =>
    fingerprint([one]),
  );
  expect(new Set(texts).size).toBe(5);
});

it("an attack on several updates of one shape compiles for the first one alone", async () => {
  const sources: Sources = {
    // No split of it is public, so that nothing is guessed.
    dataset: async (_, split) => ({ ...shapesSet(split), whole: true }),
    tensors: () => Promise.reject(new Error("no file is needed")),
    places: {},
  };
  const planned = await plan(
    {
      command: "attack",
      data: { set: "shapes", images: [0, 1, 2] },
      client: { model: "lenet" },
      defense: "gaussian:sigma=0.0001",
      attack: "inverting-gradients:steps=2",
      lanes: 1,
      seed: 1,
    },
    sources,
    { machine: { clock: () => 0 }, versions: {} },
  );
  const counts: number[] = [];
  for await (const event of planned.run(memoryStore())) if (event.kind === "images") counts.push(created.mock.calls.length);
  expect(counts[0]).toBeGreaterThan(0);
  // Each update is attacked naively and by the attack that knows the defense.
  const [, both] = counts;
  expect(counts).toEqual([counts[0], both, both, both, both, both]);
});
