import { describe, expect, it } from "vitest";
import { gaussianSet } from "../../src/data/index.ts";
import { constant, input, vmap } from "../../src/graph/index.ts";
import { conesOf, inCone, projectOntoCone } from "../../src/priors/cone.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";
import { oneHot } from "../../src/scenario/index.ts";

/**
 * The quadratic program min ‖x − v‖² with a·x ≥ 0 for all unit normals a, in float64 by Hildreth's
 * method: coordinate ascent of the dual, until its gap is below rounding.
 */
function quadraticProgram(normals: readonly Float64Array[], v: Float64Array): Float64Array {
  const x = Float64Array.from(v);
  const multipliers = new Float64Array(normals.length);
  for (let sweep = 0; sweep < 200_000; sweep++) {
    let moved = 0;
    normals.forEach((a, j) => {
      const reach = a.reduce((sum, entry, i) => sum + entry * x[i]!, 0);
      const step = Math.max(-multipliers[j]!, -reach);
      multipliers[j]! += step;
      for (let i = 0; i < x.length; i++) x[i]! += step * a[i]!;
      moved = Math.max(moved, Math.abs(step));
    });
    if (moved < 1e-13) break;
  }
  return x;
}

function normalsOf(rows: Float32Array, d: number, y: number): readonly Float64Array[] {
  return Array.from({ length: rows.length / d }, (_, j) => {
    const a = Float64Array.from({ length: d }, (_, i) => rows[y * d + i]! - rows[j * d + i]!);
    const norm = Math.hypot(...a);
    return a.map((entry) => entry / norm);
  }).filter((_, j) => j !== y);
}

describe.each([
  [20, 10],
  [5, 3],
  [3, 10],
  [2, 5],
  [20, 30],
])("the projection onto cones of %i dimensions and %i classes", (dimension, classes) => {
  const set = gaussianSet({ dimension, classes, split: "test" }, keyFromSeed(dimension));
  const cones = conesOf(set.labeling, classes);
  const count = 60;
  const labels = Array.from({ length: count }, (_, i) => set.example(i).label);
  // Points of any class, near 0 and far from it.
  const points = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const own = points.subarray(i * dimension, (i + 1) * dimension);
    fillNormal(foldIn(keyFromSeed(77), i), own);
    for (let k = 0; k < dimension; k++) own[k]! *= [0.1, 1, 6][i % 3]!;
  }
  const y = oneHot(labels, classes);
  const project = vmap(({ y, v }: { readonly y: ReturnType<typeof input>; readonly v: ReturnType<typeof input> }) =>
    projectOntoCone(cones, y, v),
  );

  it("is the quadratic program's, in float32 as well", async () => {
    const projected = project({ y: input("y", [count, classes]), v: input("v", [count, dimension]) });
    const program = await compile({ projected }, { threads: 1 });
    const { projected: single } = await program.run({ y, v: points });
    await program.dispose();
    const double = evaluate([projected], { y, v: points })[0]!.data;
    for (let i = 0; i < count; i++) {
      const v = Float64Array.from(points.subarray(i * dimension, (i + 1) * dimension));
      const truth = quadraticProgram(normalsOf(set.labeling, dimension, labels[i]!), v);
      // The projection keeps 1e-5 from each face; near the tip of a narrow cone that is farther.
      truth.forEach((entry, k) => {
        expect(Math.abs(double[i * dimension + k]! - entry), `point ${i}`).toBeLessThan(3e-4);
        expect(Math.abs(single![i * dimension + k]! - entry), `point ${i}, float32`).toBeLessThan(5e-4);
      });
      const own = Array.from(single!.slice(i * dimension, (i + 1) * dimension));
      const scores = Array.from({ length: classes }, (_, c) =>
        own.reduce<number>((sum, entry, k) => sum + entry * set.labeling[c * dimension + k]!, 0),
      );
      expect(scores.indexOf(Math.max(...scores))).toBe(labels[i]);
    }
  });

  it("leaves what is inside where it is", () => {
    const examples = Array.from({ length: count }, (_, i) => set.example(i).image);
    const inside = Float32Array.from(examples.flatMap((image) => [...image]));
    const given = { y: constant(y, [count, classes]), v: constant(inside, [count, dimension]) };
    const [moved, member] = evaluate([project(given), vmap(({ y, v }: typeof given) => inCone(cones, y, v).toFloat())(given)]);
    expect([...member!.data].every((one) => one === 1)).toBe(true);
    moved!.data.forEach((entry, k) => void expect(Math.abs(entry - inside[k]!)).toBeLessThan(2e-4));
  });
});
