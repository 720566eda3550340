import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { derivativeNorms, inverseNorms } from "../../src/defenses/feature-scores.ts";
import { defenses, send } from "../../src/defenses/index.ts";
import { constant, input } from "../../src/graph/index.ts";
import { models } from "../../src/models/index.ts";
import { Key } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";

interface Fixture {
  readonly shape: readonly number[];
  readonly sizes: readonly number[];
  readonly classes: number;
  readonly weights: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
  readonly cases: readonly {
    readonly x: readonly number[];
    readonly layer: string;
    readonly floor: number;
    readonly prune: number;
    readonly scores: readonly number[];
    readonly mask: readonly number[];
    readonly exact: readonly number[];
  }[];
}

const { shape, sizes, classes, weights, cases } = JSON.parse(readFileSync(new URL("soteria.json", import.meta.url), "utf8")) as Fixture;
const model = models.build(`mlp:sizes=${sizes.join("/")}`, { shape, classes, normalization: { mean: [0], std: [1] } });
const client = fedSgd({
  model,
  weights: new Map(Object.entries(weights).map(([name, one]) => [name, { shape: one.shape, data: Float32Array.from(one.data) }])),
});
const batchOf = (x: readonly number[]) => ({ x: constant(x, [1, ...shape]), y: constant([0, 0, 1, 0, 0], [1, classes]) });

it.each(cases)(
  "layer $layer, floor $floor, $prune %: the scores are those of one backward pass a feature",
  ({ x, layer, floor, scores }) => {
    const at = input("x", [1, ...shape]);
    const features = client.taps({ x: at, y: input("y", [1, classes]) }).get(`${layer}.input`)!;
    const [norms, values] = evaluate([derivativeNorms(features, at), features], { x });
    norms!.data.forEach((norm, f) => {
      const below = values!.data[f]! + floor;
      expect(Math.abs((below > 0 ? norm / below : 0) - scores[f]!)).toBeLessThan(1e-5 * Math.max(1, scores[f]!));
    });
  },
);

it.each(cases)("layer $layer: the criterion of the paper is that of the pseudo-inverse", ({ x, layer, exact }) => {
  const at = input("x", [1, ...shape]);
  const features = client.taps({ x: at, y: input("y", [1, classes]) }).get(`${layer}.input`)!;
  const [found] = evaluate([features.abs().mul(inverseNorms(features, at))], { x });
  found!.data.forEach((value, f) => void expect(Math.abs(value - exact[f]!)).toBeLessThan(2e-3 * Math.max(...exact)));
});

it.each(cases)("layer $layer, floor $floor, $prune %: the same columns are pruned, and nothing else changes", (one) => {
  const batch = batchOf(one.x);
  const defense = defenses.build(`soteria:layer=${one.layer},floor=${one.floor},prune=${one.prune}`);
  const { update, facts } = send(defense, client)(batch, Key.input("key"));
  const bare = client.update(batch);
  for (const name of bare.names) {
    const [sent, own] = evaluate([update.entries(name), bare.entries(name)]);
    sent!.data.forEach((entry, i) => {
      const kept = name === `${one.layer}.weight` ? one.mask[i % one.mask.length]! : 1;
      expect(entry).toBe(kept ? own!.data[i]! : 0);
    });
  }
  const [pruned] = evaluate(Object.values(facts));
  expect(pruned!.data[0]).toBeCloseTo(one.mask.filter((kept) => kept === 0).length / one.mask.length, 12);
});
