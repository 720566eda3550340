import type { Client } from "../client/index.ts";
import { sizeOf } from "../graph/index.ts";

/** The first layer's weight and bias, if that layer is dense and receives the input itself. */
export function firstDense({
  model,
  parameters,
}: Client): { readonly weight: string; readonly bias: string; readonly outputs: number } | undefined {
  const [weight, bias] = parameters;
  const [outputs, inputs] = weight?.shape ?? [];
  if (!weight || !bias || weight.shape.length !== 2 || inputs !== sizeOf(model.shape)) return undefined;
  if (bias.name !== weight.name.replace(/weight$/, "bias") || bias.shape.length !== 1 || bias.shape[0] !== outputs) return undefined;
  return { weight: weight.name, bias: bias.name, outputs: outputs! };
}
