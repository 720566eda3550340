import { describe, expect, it } from "vitest";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import {
  type Defense,
  type DefenseLaw,
  defenses,
  deterministicStep,
  lawOf,
  type Published,
  send,
  stepWithoutLaw,
} from "../../src/defenses/index.ts";
import { concat, constant, filled, Gradients, grad, input, type Tensor, vmap, where } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { priors } from "../../src/priors/index.ts";
import { fillUniform, Key, keyFromSeed, split } from "../../src/random/index.ts";
import { compile, evaluate, interpret } from "../../src/runtime/index.ts";
import { simulate } from "../../src/scenario/index.ts";

/** The update with all but the k entries of the largest magnitude set to 0. */
function largest(update: Gradients, k: number): Gradients {
  const all = concat(
    update.names.map((name) =>
      update
        .entries(name)
        .abs()
        .reshape([update.entries(name).size]),
    ),
    0,
  );
  return update.map((entries) => {
    const own = entries.abs().reshape([entries.size, 1]);
    const larger = where(all.reshape([1, all.size]).greater(own), 1, 0)
      .sum(1)
      .reshape(entries.shape);
    return where(larger.less(k), entries, 0);
  });
}

/** Defenses that no catalogue has, as a stranger would write them. */
const strangers: Readonly<Record<string, Defense>> = {
  "the 5 largest": { steps: [deterministicStep("the 5 largest entries", (update) => largest(update, 5))] },
  "noise, then the 5 largest": {
    steps: [
      stepWithoutLaw(
        "noise, then the 5 largest entries",
        "which entries are kept depends on the noise on all of them",
        (update, { key }) => {
          const noisy = update.map((entries, name) => entries.add(key.foldIn(update.names.indexOf(name)).normal(entries.shape).mul(0.1)));
          return { update: largest(noisy, 5) };
        },
      ),
    ],
  },
};

/** Every defense by itself, in its variants, and chains. Norms are such that clipping shortens. */
const alone = [
  ...defenses.list().map(({ kind }) => kind),
  "gaussian:per=example",
  "laplacian:per=example",
  "mask:published=false",
  "mask:keep=0.3,redraw=never",
  "mask:redraw=never,published=false",
  "mask:keep=1",
  "clip:norm=0.2",
  "dp-sgd:norm=0.2,multiplier=0.8",
];
const chains = [
  "none+gaussian",
  "gaussian+gaussian:sigma=0.2",
  "gaussian:per=example+gaussian",
  "laplacian+laplacian",
  "clip:norm=0.2+gaussian",
  "clip:norm=0.2+laplacian",
  "clip:norm=0.2+mask",
  "mask+clip:norm=0.1",
  "mask+gaussian",
  "mask+laplacian:per=example",
  "mask:published=false+gaussian",
  "mask:keep=0.3,published=false+laplacian",
  "mask:redraw=never,seed=3+gaussian",
  "clip:norm=0.2+mask:published=false+gaussian",
  "mask+mask:published=false,keep=0.7+gaussian",
  "gaussian+mask",
  "laplacian+mask:published=false",
  "gaussian+mask:redraw=never,published=false",
  "gaussian+mask+gaussian:sigma=0.05",
  "gaussian+mask:published=false+gaussian:sigma=0.05",
  "dp-sgd:norm=0.2,multiplier=0.3+mask:published=false,keep=0.6+gaussian:sigma=0.05",
  "gaussian+clip:norm=0.1",
  "gaussian+laplacian",
  "mask:redraw=never,published=false+gaussian",
];
const listed = [...alone, ...chains];
const all = [...listed, ...Object.keys(strangers)];
const built = (spec: string): Defense => strangers[spec] ?? defenses.build(spec);
const laws = new Map(all.map((spec) => [spec, lawOf(built(spec))]));
/** The defenses whose law is of a kind. */
const lawful = <Kind extends DefenseLaw["kind"]>(kind: Kind) =>
  [...laws].flatMap(([spec, law]) => (law.kind === kind ? [{ spec, law: law as Extract<DefenseLaw, { kind: Kind }> }] : []));
const likelihoodOf = (spec: string) => {
  const law = lawOf(built(spec));
  if (law.kind !== "known") throw new Error(`${spec} has no density`);
  return law.likelihood;
};

const model = models.build("mlp:sizes=4", { shape: [1, 2, 2], classes: 4, normalization: { mean: [0], std: [1] } });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const draws = 300;
const images = [
  [0.3, -0.2, 0.9, 0.5],
  [-0.7, 0.4, 1.2, -0.1],
  [0.8, 1.1, -0.6, 0.2],
];
const labels = [
  [0, 1, 0, 0],
  [0, 0, 0, 1],
  [1, 0, 0, 0],
];
const batchOf = (size: number) => ({
  x: constant(images.slice(0, size).flat(), [size, 1, 2, 2]),
  y: constant(labels.slice(0, size).flat(), [size, 4]),
});

type Named = Map<string, Float64Array>;

/** What a defense sends and publishes for one batch under many keys: [draws × entries] by name. */
function drawn(spec: string, size: number, seed: number): { update: Named; published: Named } {
  const sends = send(built(spec), one);
  const { update, published } = vmap((key: Tensor) => {
    const made = sends(batchOf(size), new Key(key));
    return { update: Object.fromEntries(made.update.tensors), published: { ...made.published } as Record<string, Tensor> };
  })(Key.input("key", [draws]).tensor);
  const named = (tensors: Record<string, Tensor>): Named => {
    const values = evaluate(Object.values(tensors), { key: split(keyFromSeed(seed), draws).flat() });
    return new Map(Object.keys(tensors).map((name, i) => [name, values[i]!.data]));
  };
  return { update: named(update), published: named(published) };
}

const known = new Map<string, ReturnType<typeof drawn>>();
/** The same, computed once. */
function sent(spec: string, size: number, seed = 7): ReturnType<typeof drawn> {
  const name = `${spec} ${size} ${seed}`;
  if (!known.has(name)) known.set(name, drawn(spec, size, seed));
  return known.get(name)!;
}

const truth = (size: number): Named =>
  new Map([...one.update(batchOf(size)).tensors].map(([name, tensor]) => [name, evaluate([tensor])[0]!.data]));
const entryOf = (values: Float64Array, draw: number, entry: number): number => values[draw * (values.length / draws) + entry]!;

/** Grid of values of an entry; 0 itself, where some laws have a mass, is not on it. */
const step = 0.008;
const grid = Float64Array.from({ length: 750 }, (_, i) => (i - 374.5) * step);

/**
 * What the likelihood says of one entry, the others being as they are: the mass below t, and at 0.
 * `masks` is the value there of each mask that is published. Undefined where the likelihood has no
 * opinion, because the entry must be 0.
 */
function impliedLaw(spec: string, size: number, name: string, entry: number, masks: ReadonlyMap<string, number>) {
  const probes = Float64Array.from([...grid, 0, -1e-9, 1e-9]);
  const at = input("at", [probes.length]);
  const published: Published = Object.fromEntries(
    [...masks].map(([mask, value]) => {
      const { shape } = model.parameters.find((parameter) => mask.endsWith(`.${parameter.name}`))!;
      const own = mask.endsWith(`.${name}`);
      return [
        mask,
        constant(
          Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (own && i === entry ? value : 1)),
          shape,
        ),
      ];
    }),
  );
  const base = truth(size);
  const logProb = vmap((t: Tensor) => {
    const moved = model.parameters.map(({ name: other, shape }): [string, Tensor] => {
      const fixed = constant(base.get(other)!, shape);
      if (other !== name) return [other, fixed];
      const here = constant(
        Float64Array.from({ length: fixed.size }, (_, i) => Number(i === entry)),
        shape,
      );
      return [other, fixed.mul(here.neg().add(1)).add(here.mul(t))];
    });
    return likelihoodOf(spec)
      .given(one)(batchOf(size), published)
      .logProb(new Gradients(new Map(moved)));
  })(at);
  const logs = evaluate([logProb], { at: probes })[0]!.data;
  const [atZero, below, above] = logs.slice(-3) as unknown as [number, number, number];
  const top = Math.max(...logs.subarray(0, grid.length));
  if (logs.every((log) => Math.abs(log - top) < 1e-9)) return undefined;
  const hasAtom = Math.abs(atZero - (below + above) / 2) > 1e-6;
  const atom = hasAtom ? Math.exp(atZero - top) : 0;
  const mass = logs.subarray(0, grid.length).map((log) => Math.exp(log - top) * step);
  const total = mass.reduce((sum, m) => sum + m, 0) + atom;
  const sums = new Float64Array(mass.length);
  let sum = 0;
  mass.forEach((m, i) => {
    sums[i] = sum + m / 2;
    sum += m;
  });
  const cdf = (t: number): number => {
    const place = Math.min(grid.length - 1.001, Math.max(0, (t - grid[0]!) / step));
    const i = Math.floor(place);
    return (sums[i]! + (place - i) * (sums[i + 1]! - sums[i]!) + (t > 0 ? atom : 0)) / total;
  };
  return { cdf, atom: atom / total };
}

/** Entries with large and with small gradients, of weights and biases. */
const watched = [...truth(1)].flatMap(([name, values]) =>
  [...values.keys()]
    .filter((entry) => values[entry] !== 0)
    .sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!))
    .slice(0, 2)
    .map((entry) => ({ name, entry })),
);

/**
 * Values that are uniform on [0, 1] if the update is drawn from what the likelihood scores; a mass
 * is spread over its share.
 */
function throughLaw(spec: string, size: number): number[] {
  const { update, published } = sent(spec, size);
  const uniform: number[] = [];
  for (const { name, entry } of watched) {
    const masks = [...published.keys()].filter((mask) => mask.endsWith(`.${name}`));
    const groups = new Map<string, number[]>();
    for (let draw = 0; draw < draws; draw++) {
      const pattern = masks.map((mask) => entryOf(published.get(mask)!, draw, entry)).join();
      groups.set(pattern, [...(groups.get(pattern) ?? []), entryOf(update.get(name)!, draw, entry)]);
    }
    for (const [pattern, values] of groups) {
      const own = new Map(masks.map((mask, i) => [mask, Number(pattern.split(",")[i])]));
      const others = [...published.keys()].filter((mask) => !masks.includes(mask)).map((mask): [string, number] => [mask, 1]);
      const law = impliedLaw(spec, size, name, entry, new Map([...own, ...others]));
      if (!law) expect(values.every((value) => Math.abs(value) === 0)).toBe(true);
      else
        values.forEach((value, i) => {
          const spread = (i * 0.618033988749895) % 1;
          if (!spec.includes("redraw=never,published=false")) uniform.push(value === 0 ? law.cdf(0) + spread * law.atom : law.cdf(value));
          // One mask for all draws: the law among entries that were sent.
          else if (value !== 0) uniform.push((law.cdf(value) - (value > 0 ? law.atom : 0)) / (1 - law.atom));
        });
    }
  }
  return uniform.sort((a, b) => a - b);
}

const noisy = lawful("known").map(({ spec }) => spec);

/** Whose law depends on the size of the batch, and one that does not. */
const batched = (spec: string): boolean => /example|dp-sgd|^gaussian$/.test(spec);

describe.each([1, 3])("with a batch of %i", (size) => {
  it.each(noisy.filter((spec) => size === 1 || batched(spec)))("%s sends what its likelihood scores", (spec) => {
    const uniform = throughLaw(spec, size);
    expect(uniform.length).toBeGreaterThan(0.2 * draws * watched.length);
    const distance = uniform.reduce((worst, u, i) => Math.max(worst, Math.abs(u - (i + 0.5) / uniform.length)), 0);
    // Kolmogorov–Smirnov at a level of 1e-4.
    expect(distance).toBeLessThan(2.23 / Math.sqrt(uniform.length));
  });

  it.each(lawful("deterministic"))(
    "$spec sends its batch's update but for what masks set to 0, and narrow laws are centered there",
    ({ spec, law: { narrow } }) => {
      const { update, published } = sent(spec, size);
      const kept = spec.includes("mask") ? update : undefined;
      if (!kept) {
        for (const data of update.values()) for (let i = 0; i < data.length; i++) expect(data[i]).toBe(data[i % (data.length / draws)]);
        if (spec === "none") for (const [name, values] of truth(size)) expect(update.get(name)!.slice(0, values.length)).toEqual(values);
      }
      // Of the first draw: the narrow law has its maximum at the batch that was sent.
      const first = (values: Float64Array) => values.slice(0, values.length / draws);
      const seen = new Gradients(new Map(model.parameters.map(({ name, shape }) => [name, constant(first(update.get(name)!), shape)])));
      const masks: Published = Object.fromEntries(
        [...published].map(([mask, values]) => [
          mask,
          constant(first(values), model.parameters.find(({ name }) => mask.endsWith(`.${name}`))!.shape),
        ]),
      );
      const law = narrow(0.01).given(one);
      const x = input("x", [size, 1, 2, 2]);
      const logProb = law({ x, y: batchOf(size).y }, masks).logProb(seen);
      const at = (moved: number) =>
        evaluate([logProb], {
          x: images
            .slice(0, size)
            .flat()
            .map((pixel, i) => pixel + (i === 1 ? moved : 0)),
        })[0]!.data[0]!;
      expect(Math.abs(at(0))).toBeLessThan(1e-6);
      expect(at(0.05)).toBeLessThan(-0.1);
      expect(at(-0.05)).toBeLessThan(-0.1);
    },
  );
});

it.each(all)("%s sends the same for the same key", (spec) => {
  expect(drawn(spec, 1, 7)).toEqual(sent(spec, 1));
});

describe("a law that nobody knows", () => {
  const setting = { prior: { prior: priors.build("uniform"), name: "uniform" } };

  it.each(lawful("unknown"))("$spec says why; bayes asks for a law to assume, and takes one", ({ law }) => {
    expect(law.reason).toMatch(/^[a-z].*[^.]$/);
    expect(() => attacks.build("bayes").build({ ...setting, law })).toThrow(`that law is not known: ${law.reason}`);
    expect(attacks.build("bayes:conditional=gaussian").build({ ...setting, law }).assumes.law).toBe("gaussian with sigma 0.1");
  });
});

describe("what is random", () => {
  // Masks that are redrawn change an update whose law is deterministic given them. A step without
  // randomness has such a law, so that it is not among these.
  const masked = lawful("deterministic").filter(({ spec }) => /mask/.test(spec) && !/redraw=never|keep=1$/.test(spec));
  const random = [...noisy, ...[...masked, ...lawful("unknown")].map(({ spec }) => spec)];

  it.each(random)("%s differs from key to key", (spec) => {
    expect(sent(spec, 1, 7).update).not.toEqual(sent(spec, 1, 8).update);
  });

  it.each(random)("%s gives equal tensors independent draws", (spec) => {
    // Weights of both layers have 16 entries each.
    const { update } = sent(spec, 1);
    const names = model.parameters.filter(({ shape }) => shape.length === 2).map(({ name }) => name);
    const residuals = names.map((name) => {
      const values = update.get(name)!;
      const size = values.length / draws;
      const means = Float64Array.from({ length: size }, (_, entry) => {
        let sum = 0;
        for (let draw = 0; draw < draws; draw++) sum += values[draw * size + entry]!;
        return sum / draws;
      });
      return values.map((value, i) => value - means[i % size]!);
    });
    const product = residuals[0]!.reduce((sum, value, i) => sum + value * residuals[1]![i]!, 0);
    const norms = Math.sqrt(residuals[0]!.reduce((s, e) => s + e * e, 0) * residuals[1]!.reduce((s, e) => s + e * e, 0));
    // Where a step ties all entries, as clipping does through the norm, they are still not the
    // same.
    const tied = laws.get(spec)!.kind === "unknown" || spec === "mask+clip:norm=0.1";
    expect(Math.abs(product / norms)).toBeLessThan(tied ? 0.5 : 4 / Math.sqrt(residuals[0]!.length));
  });
});

describe("masks", () => {
  it.each(["mask", "mask:keep=0.3", "mask:keep=0.8,published=false", "mask:keep=0.3,redraw=never", "gaussian+mask:keep=0.3"])(
    "%s keep their share",
    (spec) => {
      const { update } = sent(spec, 1);
      const keep = Number(/keep=([\d.]+)/.exec(spec)?.[1] ?? 0.5);
      let [count, kept] = [0, 0];
      for (const [name, values] of truth(1))
        values.forEach((value, entry) => {
          if (value === 0) return;
          for (let draw = 0; draw < (spec.includes("never") ? 1 : draws); draw++) {
            const seen = entryOf(update.get(name)!, draw, entry);
            count++;
            if (seen !== 0) kept++;
            // Without noise what is kept is kept as it is.
            if (!spec.includes("gaussian")) expect(seen === 0 || seen === value).toBe(true);
          }
        });
      expect(Math.abs(kept / count - keep)).toBeLessThan(4 * Math.sqrt((keep * (1 - keep)) / count));
    },
  );

  it("are published where they are known, and only there", () => {
    expect([...sent("mask", 1).published.keys()]).toEqual(model.parameters.map(({ name }) => `mask0.${name}`));
    expect([...sent("gaussian+mask:redraw=never", 1).published.keys()]).toEqual(model.parameters.map(({ name }) => `mask1.${name}`));
    expect(sent("mask:published=false+gaussian", 1).published.size).toBe(0);
  });

  it("that are never redrawn are the same for all updates and follow their seed; equal tensors have different ones", () => {
    const first = sent("mask:redraw=never", 1).published;
    for (const values of first.values())
      for (let i = 0; i < values.length; i++) expect(values[i]).toBe(values[i % (values.length / draws)]);
    expect(sent("mask:redraw=never", 1, 8).published).toEqual(first);
    expect(sent("mask:redraw=never,seed=1", 1).published).not.toEqual(first);
    const [a, b] = [...first.values()].filter(({ length }) => length === 16 * draws);
    expect(a).not.toEqual(b);
  });
});

it.each(["clip:norm=0.2+mask+gaussian", "dp-sgd:norm=0.2+mask:redraw=never", "laplacian:per=example+mask", ...Object.keys(strangers)])(
  "%s is simulated in float32 as it is drawn in float64, updates and what is published, lane by lane",
  async (spec) => {
    const { update, published } = sent(spec, 3);
    const feeds = { x: images.flat(), y: labels.flat() };
    const repeated = (values: readonly number[]) =>
      Float32Array.from({ length: draws * values.length }, (_, i) => values[i % values.length]!);
    const batches = { lanes: draws, batchSize: 3, x: repeated(feeds.x), y: repeated(feeds.y) };
    const received = await simulate({ client: one, defense: built(spec) }, batches, split(keyFromSeed(7), draws), { threads: 1 });
    expect([...received.updates.keys()]).toEqual([...update.keys()]);
    expect([...received.published.keys()]).toEqual([...published.keys()]);
    for (const [name, values] of update)
      received.updates.get(name)!.data.forEach((entry, i) => void expect(Math.abs(entry - values[i]!)).toBeLessThan(1e-5));
    for (const [name, values] of published) {
      expect(Float64Array.from(received.published.get(name)!.data)).toEqual(values);
      const { shape } = model.parameters.find((parameter) => name.endsWith(`.${parameter.name}`))!;
      expect(received.published.get(name)!.shape).toEqual([draws, ...shape]);
    }
  },
);

it("DP-SGD runs convolutions on one example at a time: the compiled program equals float64, in value and derivative", async () => {
  const lenet = models.build("lenet", { shape: [3, 16, 16], classes: 4, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
  const convolving = fedSgd({ model: lenet, weights: initialWeights(lenet, keyFromSeed(2)) });
  const x = input("x", [2, 3, 16, 16]);
  const seen = new Gradients(new Map(lenet.parameters.map(({ name, shape }) => [name, filled(0.01, shape)])));
  const law = likelihoodOf("dp-sgd:norm=0.1").given(convolving)({ x, y: constant([0, 1, 0, 0, 0, 0, 0, 1], [2, 4]) });
  const outputs = { log: law.logProb(seen), slope: grad(law.logProb(seen), [x])[0]! };
  const pixels = new Float32Array(2 * 3 * 16 * 16);
  fillUniform(keyFromSeed(3), pixels);
  const program = await compile(outputs, { threads: 1 });
  const [fast, slow] = [await program.run({ x: pixels }), await interpret(outputs).run({ x: pixels })];
  await program.dispose();
  expect(Math.abs(fast.log[0]! / slow.log[0]! - 1)).toBeLessThan(1e-5);
  const size = Math.hypot(...slow.slope);
  expect(size).toBeGreaterThan(0);
  expect(Math.hypot(...slow.slope.map((value, i) => value - fast.slope[i]!)) / size).toBeLessThan(1e-3);
});

it.each(listed)("%s is rebuilt by its spec", (spec) => {
  const parsed = defenses.parse(spec);
  expect(defenses.parse(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
});
