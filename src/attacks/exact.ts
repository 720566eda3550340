import { type Attack, contradiction, invertDense, type Observations, type Outline, rounding } from "../adversary/index.ts";
import { LeakageError } from "../errors.ts";
import { input, sizeOf, type Tensor, vmap } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { AttackDeclaration } from "./declaration.ts";
import { firstDense } from "./first-dense.ts";

function check({ rounds, batchSize }: Outline): void {
  const { client } = rounds[0]!;
  if (!firstDense(client))
    throw new LeakageError(
      "spec",
      "attack exact does not fit this network: it inverts a dense first layer with a bias, as in mlp, and this network begins with another layer.",
    );
  if (batchSize > 1)
    throw new LeakageError(
      "spec",
      `attack exact does not fit a batch of ${batchSize}: an update adds up the gradients of all its inputs; use a batch of 1.`,
    );
}

/**
 * The inputs of all lanes, [lanes, d], by a closed formula in float64, and the share of the gradient
 * that contradicts each.
 */
function invert({ rounds, lanes }: Observations): { readonly inputs: Float32Array; readonly contradicted: Float64Array } {
  const { client, updates } = rounds[0]!;
  const { weight, bias, outputs } = firstDense(client)!;
  const size = sizeOf(client.model.shape);
  const given = { weight: input("weight", [lanes, outputs, size]), bias: input("bias", [lanes, outputs]) };
  const inverted = vmap((own: { weight: Tensor; bias: Tensor }) => {
    const x = invertDense(own.weight, own.bias);
    return { x, contradicted: contradiction(own.weight, own.bias, x) };
  })(given);
  const [x, contradicted] = evaluate([inverted.x, inverted.contradicted], {
    weight: updates.get(weight)!.data,
    bias: updates.get(bias)!.data,
  });
  return { inputs: Float32Array.from(x!.data), contradicted: Float64Array.from(contradicted!.data) };
}

/**
 * Computes the input of a dense first layer with a bias from the gradients of one example, by
 * division (Phong et al. 2018). It has no objective and searches nothing. Noise in the update
 * becomes noise in the answer. A lane has converged if all rows of the layer's gradient agree with
 * the answer to the digits of float32. Then it is the input, whatever the client did to the length
 * of the update.
 */
export const exact = part({
  kind: "exact",
  doc: "Divides the gradients of a dense first layer, which yields a single input exactly (Phong et al. 2018).",
  params: {},
  build: (): AttackDeclaration => ({
    fixesPrior: true,
    build: (): Attack => ({
      work: { steps: 1, restarts: 1, points: 1, entries: true },
      assumes: { law: "an update without noise", prior: "uniform", radius: 0, samples: 1 },
      anyScale: true,
      check,
      async *reconstruct(seen) {
        check(seen);
        const { inputs, contradicted } = invert(seen);
        const size = inputs.length / seen.lanes;
        const found = (lane: number) => inputs.subarray(lane * size, (lane + 1) * size).every(Number.isFinite);
        const agrees = (lane: number) => contradicted[lane]! <= rounding;
        const lanes = Array.from({ length: seen.lanes }, (_, lane) => ({
          objective: null,
          matching: null,
          steps: 1,
          evaluations: 0,
          stopped: found(lane) ? (agrees(lane) ? ("converged" as const) : null) : ("nan" as const),
        }));
        const { classes } = seen.rounds[0]!.client.model;
        const labels = seen.labels ?? new Float32Array(seen.lanes * classes).fill(1 / classes);
        yield { step: 1, of: 1, lanes: () => lanes, inputs: () => inputs, labels: () => labels };
      },
    }),
  }),
});
