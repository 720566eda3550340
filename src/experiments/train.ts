import { crossEntropy } from "../client/index.ts";
import type { Dataset } from "../data/index.ts";
import { constant, grad, sizeOf, type Tensor } from "../graph/index.ts";
import { type Model, toModelSpace, type Weights } from "../models/index.ts";
import { adam } from "../optimizers/index.ts";
import { foldIn, Key, type KeyBits, shuffled, stream } from "../random/index.ts";
import { type CompileOptions, compileNested, evaluate, inputsAt } from "../runtime/index.ts";
import { concatenate, oneHot } from "../scenario/index.ts";

export interface Training {
  readonly epochs: number;
  /** The number of steps after which training ends, if the epochs have more. */
  readonly steps?: number;
  /** Examples of the set that are trained on: the first ones. */
  readonly examples: number;
  readonly batch: number;
  readonly rate: number;
}

/**
 * Trains a network by Adam on cross-entropy and what its layers add to that. Each epoch goes once
 * through the examples in an order of its own, in whole batches. A network that draws at random
 * draws anew for each step.
 */
export async function train(
  model: Model,
  weights: Weights,
  set: Dataset<readonly number[]>,
  { epochs, steps = Number.POSITIVE_INFINITY, examples, batch, rate }: Training,
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
  const { theta, state, x, y, ...drawn } = inputsAt({
    theta: { shape: [size] },
    state: Object.fromEntries(Object.entries(initial).map(([name, { shape }]) => [name, { shape }])),
    x: { shape: [batch, ...set.shape] },
    y: { shape: [batch, classes] },
    ...(model.random ? { key: { shape: [2], dtype: "key" as const } } : {}),
  });
  const weight = (name: string) => {
    const { shape, from } = places.get(name)!;
    return theta.range(0, from, from + sizeOf(shape)).reshape(shape);
  };
  const penalties: Tensor[] = [];
  const penalize = (term: Tensor) => void penalties.push(term);
  const random = drawn.key ? { key: new Key(drawn.key) } : {};
  const logits = model.forward(x, { mode: "train", weight, penalize, ...random });
  const loss = penalties.reduce((sum, term) => sum.add(term), crossEntropy(logits, y));
  const next = optimizer.update({ point: theta, value: loss, gradient: grad(loss, [theta])[0]!, rate: constant(rate) }, state);
  const program = await compileNested({ theta: next.point, state: next.state }, options);
  const zeros = evaluate(Object.values(initial)).map(({ data }) => Float32Array.from(data));
  let carried: Readonly<{ theta: Float32Array; state: Readonly<Record<string, Float32Array>> }> = {
    theta: concatenate(model.parameters.map(({ name }) => weights.get(name)!.data)),
    state: Object.fromEntries(Object.keys(initial).map((name, i) => [name, zeros[i]!])),
  };
  let step = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(examples, foldIn(key, epoch));
      for (let from = 0; from + batch <= examples && step < steps; from += batch, step++) {
        const own = order.slice(from, from + batch).map((index) => set.example(index));
        const labels = own.map(({ label }) => label);
        carried = await program.run({
          ...carried,
          x: concatenate(own.map(({ image }) => toModelSpace(image, model.normalization))),
          y: oneHot(labels, classes),
          key: Uint32Array.from(foldIn(stream(key, "forward"), step)),
        });
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
