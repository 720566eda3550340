import { describe, expect, it } from "vitest";
import { type Client, fedSgd } from "../../src/client/index.ts";
import {
  bareOf,
  chain,
  type Defense,
  defended,
  defenses,
  deterministicStep,
  imagesBehind,
  initialState,
  lawOf,
  type Step,
  send,
  unknownLaw,
} from "../../src/defenses/index.ts";
import { constant, type Gradients, input, type Tensor, where } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { fillNormal, foldIn, Key, keyFromSeed, stream } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { type KeptState, simulate } from "../../src/scenario/index.ts";
import { likelihoodOf } from "./likelihood-of.ts";

const task = { shape: [1, 2, 3], classes: 3, normalization: { mean: [0], std: [1] } };
const model = models.build("mlp:sizes=5,activation=sigmoid", task);
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const pixels = [0.3, -0.2, 0.9, 0.5, 1.1, -0.4];
const given = { x: input("x", [1, 1, 2, 3]), y: constant([0, 1, 0], [1, 3]) };
const run = (tensors: readonly Tensor[], seed = 3) => evaluate(tensors, { x: pixels, key: keyFromSeed(seed) }).map(({ data }) => [...data]);
const entriesOf = (gradients: Gradients, seed?: number) => run([...gradients.tensors.values()], seed);

/** Shifts each image by noise before the client sees it. */
const shift: Step = {
  name: "shift",
  onImages: (images, { key }) =>
    images.map((image, i) => {
      const noise = new Float32Array(image.length);
      fillNormal(foldIn(key, i), noise);
      return image.map((entry, k) => entry + noise[k]!);
    }),
  law: () => unknownLaw("nobody is told the shift"),
};
/** A client whose network negates its inputs. */
const negate: Step = {
  name: "negate",
  onClient: (client): Client => ({ ...client, update: ({ x, y }, key) => client.update({ x: x.neg(), y }, key) }),
  law: (before) => ({ ...before, names: [...before.names, "negate"] }),
};
/** Adds noise, and publishes it. */
const told: Step = {
  name: "told",
  onUpdate: (update, { key, place }) => {
    const published: Record<string, Tensor> = {};
    const noisy = update.map((entries, name) => {
      published[`noise${place}.${name}`] = key.foldIn(update.names.indexOf(name)).normal(entries.shape);
      return entries.add(published[`noise${place}.${name}`]!);
    });
    return { update: noisy, published };
  },
  law: () => unknownLaw("a test"),
};
const defense: Defense = { steps: [told, negate, shift] };

const shape = [1, 2, 3];
const image = Float32Array.from(pixels);
const imagesKey = (seed: number) => stream(keyFromSeed(seed), "images");

describe("a defense with steps on images, on the model and on the update", () => {
  const [shifted] = imagesBehind(defense, [image], { shape, key: imagesKey(3) });
  const batch = { x: constant(shifted!, [1, 1, 2, 3]), y: given.y };
  const sent = send(defense, one)(batch, Key.input("key"));

  it("shifts first, then computes with the changed model, then adds noise, whatever their order", () => {
    const changed = defended(defense, one);
    expect([...shifted!]).not.toEqual([...image]);
    const bare = entriesOf(changed.update(batch));
    const noise = run(model.parameters.map(({ name }) => sent.published[`noise0.${name}`]!));
    entriesOf(sent.update).forEach((entries, i) => {
      entries.forEach((entry, j) => {
        expect(entry).toBeCloseTo(bare[i]![j]! + noise[i]![j]!, 12);
      });
    });
    const negated = entriesOf(one.update({ x: batch.x.neg(), y: given.y }));
    bare.forEach((entries, i) => {
      expect(entries).toEqual(negated[i]);
    });
  });

  it("gives the batch that the update is of to the steps on the update", () => {
    let moment: Tensor | undefined;
    const spy: Step = {
      name: "spy",
      onUpdate: (update, { batch }) => {
        moment = batch.x;
        return { update };
      },
      law: (before) => before,
    };
    send(chain([defense, { steps: [spy] }]), one)(batch, Key.input("key"));
    expect(moment).toBe(batch.x);
  });

  it("gives each step a key of its own, and a step that acts twice one for each", () => {
    const both: Step = { ...shift, onUpdate: (update, { key }) => ({ update, published: { drawn: key.normal([1, 1, 2, 3]) } }) };
    const at = { shape, key: imagesKey(3) };
    const [once] = imagesBehind({ steps: [both] }, [image], at);
    const [twice] = imagesBehind({ steps: [both, shift] }, [image], at);
    const [drawn] = run([send({ steps: [both] }, one)(given, Key.input("key")).published.drawn!]);
    const first = once!.map((entry, i) => entry - image[i]!);
    const second = twice!.map((entry, i) => entry - once![i]!);
    for (const [a, b] of [
      [first, second],
      [first, drawn!],
      [second, drawn!],
    ] as const)
      expect(a.some((entry, i) => Math.abs(entry - b[i]!) > 1e-3)).toBe(true);
  });

  it("is simulated in lanes, each from its own key, with the batches for scoring", async () => {
    const held = { lanes: 2, batchSize: 1, x: Float32Array.from([...pixels, ...pixels]), y: Float32Array.of(0, 1, 0, 0, 1, 0) };
    const received = await simulate({ client: one, defense }, held, [keyFromSeed(3), keyFromSeed(4)], { threads: 1 });
    expect(received.client.update).not.toBe(one.update);
    for (const [lane, seed] of [3, 4].entries()) {
      const [x] = imagesBehind(defense, [image], { shape, key: imagesKey(seed) });
      expect([...received.batches.x.subarray(6 * lane, 6 * lane + 6)]).toEqual([...x!]);
      const own = send(defense, one)({ x: constant(x!, [1, 1, 2, 3]), y: given.y }, Key.input("key"));
      const [bias] = run([own.update.entries("0.bias")], seed);
      bias!.forEach((entry, i) => {
        expect(received.updates.get("0.bias")!.data[5 * lane + i]).toBeCloseTo(entry, 5);
      });
      const [noise] = run([own.published["noise0.0.bias"]!], seed);
      noise!.forEach((entry, i) => {
        expect(received.published.get("noise0.0.bias")!.data[5 * lane + i]).toBeCloseTo(entry, 5);
      });
    }
    expect([...received.published.values()].every(({ shape }) => shape[0] === 2)).toBe(true);
  });

  it("leaves batches as they are without steps on images", async () => {
    const held = { lanes: 1, batchSize: 1, x: image, y: Float32Array.of(0, 1, 0) };
    const received = await simulate({ client: one, defense: { steps: [told] } }, held, [keyFromSeed(3)], { threads: 1 });
    expect(received.batches).toBe(held);
  });

  it("says why nobody knows its law, as its first step without one does", () => {
    expect(lawOf(defense)).toEqual({ kind: "unknown", reason: "a test" });
    expect(lawOf({ steps: [negate, shift] })).toEqual({ kind: "unknown", reason: "nobody is told the shift" });
    const law = lawOf({ steps: [negate, ...defenses.build("gaussian:sigma=0.2").steps] });
    if (law.kind !== "known") throw new Error(`its law is ${law.kind}`);
    expect(law.likelihood.name).toBe(`negate + ${likelihoodOf("gaussian:sigma=0.2").name}`);
  });
});

describe("what a step remembers", () => {
  /** Sends entries beyond a threshold, and adds what was left out to the next update. */
  const threshold = 0.2;
  const sparse: Step = {
    name: "large entries with error feedback",
    initialState: (client) => Object.fromEntries(client.parameters.map(({ name, shape }) => [name, constant(0).expand(shape)])),
    onUpdate: (update, { state }) => {
      const whole = update.map((entries, name) => entries.add(state![name]!));
      const large = whole.map((entries) => where(entries.abs().greater(threshold), entries, 0));
      return {
        update: large,
        state: Object.fromEntries(whole.names.map((name) => [name, whole.entries(name).sub(large.entries(name))])),
      };
    },
    law: () => unknownLaw("it depends on earlier rounds"),
  };
  const feedback: Defense = { steps: [negate, sparse] };

  it("is carried from round to round by simulate, lane by lane", async () => {
    const held = {
      lanes: 2,
      batchSize: 1,
      x: Float32Array.from([...pixels, ...pixels.map((pixel) => pixel / 2)]),
      y: Float32Array.of(0, 1, 0, 0, 1, 0),
    };
    const keys = [keyFromSeed(3), keyFromSeed(4)];
    const round = (state?: KeptState) =>
      simulate({ client: one, defense: feedback }, held, keys, { threads: 1, ...(state ? { state } : {}) });
    const bare = await simulate({ client: one, defense: { steps: [negate] } }, held, keys, { threads: 1 });
    const first = await round();
    const second = await round(first.state);
    expect(first.state.map(({ size }) => size)).toEqual([0, model.parameters.length]);
    for (const [name, { shape, data }] of bare.updates) {
      expect(first.state[1]!.get(name)!.shape).toEqual(shape);
      // What two rounds sent, and what is left, is twice the update.
      data.forEach((entry, i) => {
        const sums = [first.updates, second.updates, second.state[1]!].map((tensors) => tensors.get(name)!.data[i]!);
        expect(sums[0]! + sums[1]! + sums[2]!).toBeCloseTo(2 * entry, 5);
      });
    }
    expect(second.updates).not.toEqual(first.updates);
  });

  it("is carried from round to round: of three rounds the errors do not add up", () => {
    const bare = entriesOf(defended(feedback, one).update(given));
    const sends = send(feedback, one);
    let state = initialState(feedback, one);
    expect(state.map((own) => Object.keys(own))).toEqual([[], model.parameters.map(({ name }) => name)]);
    const sums = bare.map((entries) => entries.map(() => 0));
    const rounds: number[][][] = [];
    for (let round = 1; round <= 3; round++) {
      const sent = sends(given, Key.input("key"), state);
      state = sent.state;
      const entries = entriesOf(sent.update);
      rounds.push(entries);
      entries.forEach((own, i) => {
        own.forEach((entry, j) => {
          sums[i]![j]! += entry;
          expect(entry === 0 || Math.abs(entry) > threshold).toBe(true);
          // All that was sent so far is what there was to send, but for what is left out.
          expect(Math.abs(sums[i]![j]! - round * bare[i]![j]!)).toBeLessThanOrEqual(threshold + 1e-9);
        });
      });
    }
    // The rounds differ, though the gradient is the same, and without memory errors would add up.
    expect(rounds[0]).not.toEqual(rounds[2]);
    const forgetful = entriesOf(sends(given, Key.input("key")).update);
    expect(forgetful.some((own, i) => own.some((entry, j) => Math.abs(3 * entry - 3 * bare[i]![j]!) > 1.5 * threshold))).toBe(true);
  });

  it("stays as it was where a step leaves it out, and is not shown to steps that remember nothing", () => {
    const seen: unknown[] = [];
    const keeps: Step = {
      name: "keeps",
      initialState: () => ({ count: constant(5) }),
      onUpdate: (update, { state }) => {
        seen.push(state);
        return { update };
      },
      law: (before) => before,
    };
    const blind: Step = {
      name: "blind",
      onUpdate: (update, moment) => {
        seen.push("state" in moment);
        return { update };
      },
      law: (before) => before,
    };
    const { state } = send({ steps: [keeps, blind] }, one)(given, Key.input("key"));
    expect(seen).toEqual([{ count: expect.anything() }, false]);
    expect(run([state[0]!.count!])).toEqual([[5]]);
    expect(state[1]).toEqual({});
  });
});

describe("what a defense without noise stands for", () => {
  it("checks whether it fits the client, with the number of images in the batch", () => {
    const asked: number[] = [];
    const step: Step = { ...deterministicStep("as it is", (update) => update), check: (_, batchSize) => void asked.push(batchSize) };
    const law = lawOf({ steps: [step] });
    if (law.kind !== "deterministic") throw new Error("the law is another");
    law.narrow(0.1).given(one)({ x: input("x", [2, 1, 2, 3]), y: constant(new Float32Array(6), [2, 3]) });
    expect(asked).toEqual([2]);
  });

  it("leaves what it does to a random network, as its control", () => {
    const names = (defense: Defense, random: boolean) => bareOf(defense, { random }).steps.map(({ name }) => name);
    expect(names({ steps: [negate, told] }, true)).toEqual(["negate"]);
    expect(names({ steps: [told] }, true)).toEqual(["random layers at their center"]);
    expect(names({ steps: [told] }, false)).toEqual([]);
  });
});
