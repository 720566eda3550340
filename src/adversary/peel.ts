import type { Likelihood } from "../defenses/index.ts";
import { concat, type Tensor, vmap, where } from "../graph/index.ts";
import { type CompileOptions, compileNested, inputsAt, numbersAt } from "../runtime/index.ts";
import { rounding } from "./exact.ts";
import type { Observations } from "./observations.ts";
import { separateInputs } from "./separate.ts";

/** The rounds of power iteration. Noise-free gradients need one. */
const rounds = 12;

/**
 * The input of a dense layer a = W x + b from its gradients for one example, from all rows together.
 * [∂ℓ/∂W, ∂ℓ/∂b] is (∂ℓ/∂a) (x, 1)ᵀ, a matrix of rank 1. Behind equal noise on all entries the
 * likeliest one is its best approximation of rank 1, whose right singular vector is (x, 1) up to a
 * factor. Power iteration finds it, from the rows weighted by their bias gradients.
 *
 * @param weight ∂ℓ/∂W, [outputs, inputs].
 * @param bias ∂ℓ/∂b, [outputs].
 * @returns x, [inputs]. It is not finite if the gradient is 0.
 */
export function peelDense(weight: Tensor, bias: Tensor): Tensor {
  const [outputs, inputs] = weight.shape as [number, number];
  const whole = concat([weight, bias.reshape([outputs, 1])], 1);
  const unit = (v: Tensor) => v.div(v.square().sum().sqrt());
  let right = unit(bias.reshape([1, outputs]).matmul(whole));
  for (let i = 0; i < rounds; i++) right = unit(right.matmul(whole, false, true).matmul(whole));
  return right
    .range(1, 0, inputs)
    .div(right.range(1, inputs, inputs + 1))
    .reshape([inputs]);
}

/** What the gradient of a dense layer says about its inputs in one lane. */
export interface PeeledLane {
  /** The inputs that were found, in an order of their own. */
  readonly inputs: readonly ArrayLike<number>[];
  /** For each of them, the units whose gradient is that image's alone. */
  readonly units: readonly (readonly number[])[];
  /** The number of units that saw several inputs, or one that no other unit saw alone. */
  readonly mixed: number;
  /** ‖error‖² / ‖x‖² of an input x, as far as the rows contradict each other. It is 0 in a batch. */
  readonly noise: number;
}

/** The part of a shaped array that belongs to a lane. */
const own = <Data extends Float32Array>(data: Data, lane: number, lanes: number) =>
  data.subarray((lane * data.length) / lanes, ((lane + 1) * data.length) / lanes);

/**
 * ‖∂ℓ/∂W − (∂ℓ/∂b) xᵀ‖² / (‖∂ℓ/∂b‖² ‖x‖²), in float64: the share of the gradient that contradicts the
 * input of one example.
 */
function contradicted(weight: Float32Array, bias: Float32Array, x: ArrayLike<number>): number {
  let [sum, at, deltas, entries] = [0, 0, 0, 0];
  for (const delta of bias) {
    deltas += delta * delta;
    for (let j = 0; j < x.length; j++, at++) sum += (weight[at]! - delta * x[j]!) ** 2;
  }
  for (let j = 0; j < x.length; j++) entries += x[j]! * x[j]!;
  return sum / (deltas * entries);
}

/**
 * Peels the inputs of a dense layer with a bias off its gradients in the first round. Of a batch, and
 * of one example whose rows agree, they are those of {@link separateInputs}. Where the rows of one
 * example contradict each other, there is noise, and its input is that of {@link peelDense}.
 */
export async function peelLayer(seen: Observations, layer: string, options: CompileOptions): Promise<readonly PeeledLane[]> {
  const { updates } = seen.rounds[0]!;
  const places = { weight: updates.get(`${layer}.weight`)!, bias: updates.get(`${layer}.bias`)! };
  const { lanes, batchSize } = seen;
  const entries = (lane: number) => [own(places.weight.data, lane, lanes), own(places.bias.data, lane, lanes)] as const;
  const read = Array.from({ length: lanes }, (_, lane): PeeledLane => {
    const { inputs, units, mixed } = separateInputs(...entries(lane), batchSize);
    const noise = batchSize > 1 || inputs.length === 0 ? 0 : contradicted(...entries(lane), inputs[0]!);
    return { inputs, units, mixed, noise };
  });
  if (read.every(({ noise }) => noise <= rounding)) return read;
  const one = ({ weight, bias }: { readonly weight: Tensor; readonly bias: Tensor }) => peelDense(weight, bias);
  const program = await compileNested({ x: vmap(one)(inputsAt(places)) }, options);
  try {
    const { x } = await program.run(numbersAt(places));
    return read.map((lane, i) => {
      if (lane.noise <= rounding) return lane;
      const input = own(x, i, lanes);
      if (!input.every(Number.isFinite)) return { inputs: [], units: [], mixed: 0, noise: 0 };
      // All rows are measurements of the input, so its error is a row's divided by their number.
      return { ...lane, inputs: [input], noise: contradicted(...entries(i), input) / entries(i)[1].length };
    });
  } finally {
    await program.dispose();
  }
}

/**
 * The names under which peeled inputs are published to {@link peeledInputs}: the inputs [B, n], which
 * of their entries are known [B, n], and a factor of the lane.
 */
export const peeled = { inputs: "peeled", known: "peeled.known", factor: "peeled.factor" } as const;

/**
 * log p = −factor · the mean over the batch of ‖t − f(x)‖² / ‖t‖² over the known entries, where f(x)
 * is the input of a layer and t what was peeled off its gradient. An image without known entries
 * counts 0. The rest of the update does not count.
 */
export const peeledInputs = (layer: string): Likelihood => ({
  name: `the input of ${layer}, peeled off the update`,
  anyScale: true,
  cancels: false,
  entries: false,
  given: (client) => (batch, published) => {
    const input = client.taps(batch).get(`${layer}.input`)!;
    const [target, known, factor] = [published![peeled.inputs]!, published![peeled.known]!, published![peeled.factor]!];
    const size = target.square().sum(1);
    const far = input.reshape(target.shape).sub(target).mul(known).square().sum(1);
    const shares = far.div(where(size.greater(0), size, 1));
    return { logProb: () => shares.mean().mul(factor).neg() };
  },
});

/** The name under which {@link peeledAndWhole} receives 1 for a lane that compares the layer's weight, and 0 for one that does not. */
export const comparesWeight = "peeled.whole";

/**
 * {@link peeledInputs} and cosine similarity of the update, with or without the weight of the peeled
 * layer.
 */
export const peeledAndWhole = (layer: string): Likelihood => ({
  name: `the input of ${layer}, and cosine similarity`,
  anyScale: true,
  cancels: false,
  entries: false,
  given: (client) => (batch, published) => {
    const features = peeledInputs(layer).given(client)(batch, published);
    const all = client.update(batch);
    const weight = `${layer}.weight`;
    const counts = published![comparesWeight]!;
    return {
      logProb: (update) => {
        const names = update.names.filter((name) => name !== weight);
        const [rest, restSent] = [all.only(names), update.only(names)];
        const [own, ownSent] = [all.only([weight]), update.only([weight])];
        const products = rest.dot(restSent).add(own.dot(ownSent).mul(counts));
        const found = rest.squaredNorm().add(own.squaredNorm().mul(counts));
        const sent = restSent.squaredNorm().add(ownSent.squaredNorm().mul(counts));
        return products.div(found.mul(sent).sqrt()).sub(1).add(features.logProb(update));
      },
    };
  },
});
