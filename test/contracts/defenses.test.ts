import { describe, expect, it } from "vitest";
import { client } from "../../src/client/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { Gradients, input, vmap } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { Key, keyFromSeed, split } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";

const model = models.build("mlp:sizes=4", { shape: [1, 2, 2], classes: 4, normalization: { mean: [0], std: [1] } });
const one = client({ model, weights: initialWeights(model, keyFromSeed(1)) });
const batch = { x: input("x", [1, 1, 2, 2]), y: input("y", [1, 4]) };
const feeds = { x: [0.3, -0.2, 0.9, 0.5], y: [0, 1, 0, 0] };
const draws = 400;

/** What a defense sends for one batch under many keys: parameter → [draws × entries]. */
function sent(kind: string, seed = 7): Map<string, Float64Array> {
  const keys = Key.input("key", [draws]);
  const send = defenses.build(kind).send(one);
  const updates = vmap((key: Key["tensor"]) => Object.fromEntries(send(batch, new Key(key)).update.tensors))(keys.tensor);
  const values = evaluate(Object.values(updates), { ...feeds, key: split(keyFromSeed(seed), draws).flat() });
  return new Map(Object.keys(updates).map((name, i) => [name, values[i]!.data]));
}
const truth = new Map([...one.gradients(batch).tensors].map(([name, tensor]) => [name, evaluate([tensor], feeds)[0]!.data]));

/** The distribution function of one entry's noise that the likelihood implies, on a grid: ∫ exp log p(G + t e). */
function impliedLaw(kind: string): { grid: number[]; cdf: number[] } {
  const name = model.parameters[0]!.name;
  const update = new Gradients(new Map(model.parameters.map((p) => [p.name, input(`g.${p.name}`, p.shape)])));
  const logProb = defenses.build(kind).likelihood!.given(one)(batch).logProb(update);
  const grid = Array.from({ length: 1201 }, (_, i) => (i - 600) / 300);
  const logs = grid.map((t) => {
    const moved = new Map(truth);
    moved.set(
      name,
      truth.get(name)!.map((entry, i) => entry + (i === 3 ? t : 0)),
    );
    return evaluate([logProb], { ...feeds, ...Object.fromEntries([...moved].map(([p, data]) => [`g.${p}`, data])) })[0]!.data[0]!;
  });
  const top = Math.max(...logs);
  let sum = 0;
  const cdf = logs.map((log) => {
    const mass = Math.exp(log - top);
    sum += mass;
    return sum - mass / 2;
  });
  return { grid, cdf: cdf.map((value) => value / sum) };
}

describe.each(defenses.list().map(({ kind }) => kind))("%s", (kind) => {
  const { likelihood } = defenses.build(kind);

  it("sends what its likelihood scores", () => {
    const updates = sent(kind);
    if (!likelihood) {
      // Without noise it sends the same each time.
      for (const [name, data] of updates)
        for (let i = 0; i < data.length; i++) expect(data[i]).toBe(truth.get(name)![i % truth.get(name)!.length]);
      return;
    }
    const noise = [...updates]
      .flatMap(([name, data]) => [...data].map((entry, i) => entry - truth.get(name)![i % truth.get(name)!.length]!))
      .sort((a, b) => a - b);
    const { grid, cdf } = impliedLaw(kind);
    const step = grid[1]! - grid[0]!;
    let distance = 0;
    noise.forEach((value, i) => {
      const place = Math.min(grid.length - 1.001, Math.max(0, (value - grid[0]!) / step));
      const law = cdf[Math.floor(place)]! + (place - Math.floor(place)) * ((cdf[Math.floor(place) + 1] ?? 1) - cdf[Math.floor(place)]!);
      distance = Math.max(distance, Math.abs(law - (i + 0.5) / noise.length));
    });
    // Kolmogorov–Smirnov at a level of 1e-4.
    expect(distance).toBeLessThan(2.23 / Math.sqrt(noise.length));
  });

  it("gives equal tensors independent noise, and the same key the same draw", () => {
    expect(sent(kind)).toEqual(sent(kind));
    if (!likelihood) return;
    expect(sent(kind, 7)).not.toEqual(sent(kind, 8));
    // Biases of both layers have four entries each.
    const [first, second] = model.parameters
      .filter(({ shape }) => shape.length === 1)
      .map(({ name }) =>
        sent(kind)
          .get(name)!
          .map((entry, i) => entry - truth.get(name)![i % 4]!),
      );
    const product = first!.reduce((sum, entry, i) => sum + entry * second![i]!, 0);
    const norms = Math.sqrt(first!.reduce((s, e) => s + e * e, 0) * second!.reduce((s, e) => s + e * e, 0));
    expect(Math.abs(product / norms)).toBeLessThan(4 / Math.sqrt(first!.length));
  });

  it("is rebuilt by its spec", () => {
    const spec = defenses.parse(kind);
    expect(defenses.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });
});
