import { describe, expect, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import { project } from "../../src/experiments/figure-1/projection.ts";
import { experiments, type Figure1Result, validateExperiment } from "../../src/experiments/index.ts";
import { runExperiment } from "./run-experiment.ts";

describe("a projection", () => {
  it("keeps a path that lies in a plane through its goal, up to signs", () => {
    // The plane is spanned by (1, 1, 0)/√2 and (0, 0, 1) at the goal (5, 5, 5).
    const at = [
      [4, 0],
      [3, 2],
      [1, 1],
      [0, 0],
    ] as const;
    const path = at.map(([u, v]) => Float32Array.of(5 + u * Math.SQRT1_2, 5 + u * Math.SQRT1_2, 5 + v));
    const { points, shown } = project(path, Float32Array.of(5, 5, 5));
    expect(shown).toBeCloseTo(1, 6);
    points.forEach(([u, v], i) => {
      expect(u).toBeCloseTo(at[i]![0], 5);
      expect(Math.abs(v)).toBeCloseTo(at[i]![1], 5);
    });
  });

  it("says how much it hides", () => {
    const path = [Float32Array.of(2, 0, 0), Float32Array.of(0, 2, 0), Float32Array.of(0, 0, 1)];
    const { points, shown } = project(path, new Float32Array(3));
    expect(shown).toBeCloseTo(8 / 9, 6);
    expect(points[2]!.map(Math.abs)).toEqual([0, expect.closeTo(0, 6)]);
  });
});

describe("figure 1", () => {
  it("follows the path of an adversary toward the image", async () => {
    const text = "figure-1:model=(mlp:sizes=256),attack=(bayes:samples=2,steps=120,gamma=0.98),snapshots=4";
    const made = await runExperiment(text, { seed: 8, threads: 2 });
    const result = validateExperiment(made.result, "the result") as Figure1Result;
    expect(result.path.map(({ step }) => step)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    const [first, last] = [result.path[0]!, result.path.at(-1)!];
    expect(last.distance).toBeLessThan(0.95 * first.distance);
    expect(last.objective).toBeLessThan(first.objective!);
    expect(result.recovered).toBe(last.distance <= result.delta);
    // The plane hides directions: what it shows is never farther than the truth.
    for (const { at, distance } of result.path) expect(Math.hypot(...at)).toBeLessThanOrEqual(distance * (1 + 1e-6));
    expect(Math.hypot(...first.at)).toBeCloseTo(first.distance, 3);
    expect(result.files.snapshots.map(({ step }) => step)).toEqual([1, 5, 24, 120]);
    expect([...made.images.keys()].sort()).toEqual(["original.png", "step-1.png", "step-120.png", "step-24.png", "step-5.png"]);
    expect(result.assumes.samples).toBe(2);
    expect(result.assumes.radius).toBeCloseTo(result.delta / 100, 12);
    expect(result.assumes.shrunkRadius).toBeCloseTo(result.delta / 1000, 12);
  }, 180_000);

  it("refuses an image that is not there, before any work", () => {
    expect(() => experiments.build("figure-1:image=10000")).toThrow(LeakageError);
  });
});
