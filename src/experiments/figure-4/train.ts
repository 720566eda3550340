import { crossEntropy } from "../../client/index.ts";
import type { GaussianSet } from "../../data/index.ts";
import { constant, grad, sizeOf } from "../../graph/index.ts";
import type { Model, Weights } from "../../models/index.ts";
import { adam } from "../../optimizers/index.ts";
import { foldIn, type KeyBits, shuffled } from "../../random/index.ts";
import { type CompileOptions, compileNested, evaluate, inputsAt } from "../../runtime/index.ts";
import { concatenate, oneHot } from "../../scenario/index.ts";

export interface Training {
  readonly epochs: number;
  /** Vectors of the set that are trained on: the first ones. */
  readonly examples: number;
  readonly batch: number;
  readonly rate: number;
}

/**
 * Trains a network by Adam on cross-entropy. Each epoch goes once through the examples in an order
 * of its own, in whole batches.
 */
export async function train(
  model: Model,
  weights: Weights,
  set: GaussianSet,
  { epochs, examples, batch, rate }: Training,
  key: KeyBits,
  options: CompileOptions,
): Promise<Weights> {
  const places = new Map<string, { readonly shape: readonly number[]; readonly from: number }>();
  let size = 0;
  for (const { name, shape } of model.parameters) {
    places.set(name, { shape, from: size });
    size += sizeOf(shape);
  }
  const classes = set.classes.length;
  const optimizer = adam();
  const initial = optimizer.init(size);
  const { theta, state, x, y } = inputsAt({
    theta: { shape: [size] },
    state: Object.fromEntries(Object.entries(initial).map(([name, { shape }]) => [name, { shape }])),
    x: { shape: [batch, set.shape[0]] },
    y: { shape: [batch, classes] },
  });
  const weight = (name: string) => {
    const { shape, from } = places.get(name)!;
    return theta.range(0, from, from + sizeOf(shape)).reshape(shape);
  };
  const loss = crossEntropy(model.forward(x, { mode: "train", weight }), y);
  const next = optimizer.update({ point: theta, value: loss, gradient: grad(loss, [theta])[0]!, rate: constant(rate) }, state);
  const program = await compileNested({ theta: next.point, state: next.state }, options);
  const zeros = evaluate(Object.values(initial)).map(({ data }) => Float32Array.from(data));
  let carried: Readonly<{ theta: Float32Array; state: Readonly<Record<string, Float32Array>> }> = {
    theta: concatenate(model.parameters.map(({ name }) => weights.get(name)!.data)),
    state: Object.fromEntries(Object.keys(initial).map((name, i) => [name, zeros[i]!])),
  };
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(examples, foldIn(key, epoch));
      for (let from = 0; from + batch <= examples; from += batch) {
        const drawn = order.slice(from, from + batch).map((index) => set.example(index));
        const labels = drawn.map(({ label }) => label);
        carried = await program.run({ ...carried, x: concatenate(drawn.map(({ image }) => image)), y: oneHot(labels, classes) });
      }
    }
  } finally {
    await program.dispose();
  }
  const trained = [...places].map(
    ([name, { shape, from }]) => [name, { shape, data: carried.theta.slice(from, from + sizeOf(shape)) }] as const,
  );
  return new Map([...weights, ...trained]);
}
