import { crossEntropy } from "../client/index.ts";
import type { GaussianSet } from "../data/index.ts";
import { constant, grad, input, sizeOf } from "../graph/index.ts";
import type { Model, Weights } from "../models/index.ts";
import { adam } from "../optimizers/index.ts";
import { foldIn, type KeyBits } from "../random/index.ts";
import { type CompileOptions, compile, evaluate } from "../runtime/index.ts";
import { shuffled } from "./shuffled.ts";

export interface Training {
  readonly epochs: number;
  /** Vectors of the set that are trained on: the first ones. */
  readonly examples: number;
  readonly batch: number;
  readonly rate: number;
}

/** Trains a network by Adam on cross-entropy; each epoch goes once through the examples in an order of its own, in whole batches. */
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
  const theta = input("theta", [size]);
  const weight = (name: string) => {
    const { shape, from } = places.get(name)!;
    return theta.range(0, from, from + sizeOf(shape)).reshape(shape);
  };
  const loss = crossEntropy(model.forward(input("x", [batch, set.dimension]), "train", weight), input("y", [batch, set.classes]));
  const optimizer = adam();
  const initial = optimizer.init(size);
  const state = Object.fromEntries(Object.entries(initial).map(([name, { shape }]) => [name, input(name, shape)]));
  const next = optimizer.update({ point: theta, value: loss, gradient: grad(loss, [theta])[0]!, rate: constant(rate) }, state);
  const program = await compile({ theta: next.point, ...next.state }, options);
  let carried: Record<string, Float32Array> = {
    theta: Float32Array.from(model.parameters.flatMap(({ name }) => [...weights.get(name)!.data])),
    ...Object.fromEntries(Object.entries(initial).map(([name, tensor]) => [name, Float32Array.from(evaluate([tensor])[0]!.data)])),
  };
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(examples, foldIn(key, epoch));
      for (let from = 0; from + batch <= examples; from += batch) {
        const drawn = order.slice(from, from + batch).map((index) => set.example(index));
        const x = Float32Array.from(drawn.flatMap(({ x }) => [...x]));
        const y = Float32Array.from(drawn.flatMap(({ label }) => Array.from({ length: set.classes }, (_, c) => Number(c === label))));
        carried = (await program.run({ ...carried, x, y })) as Record<string, Float32Array>;
      }
    }
  } finally {
    await program.dispose();
  }
  const trained = [...places].map(
    ([name, { shape, from }]) => [name, { shape, data: carried.theta!.slice(from, from + sizeOf(shape)) }] as const,
  );
  return new Map([...weights, ...trained]);
}
