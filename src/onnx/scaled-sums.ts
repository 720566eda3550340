import type { Tensor } from "../graph/index.ts";

/** A sum of a matrix product and a number times a matrix: transposed or not, a b + factor · addend. */
interface ScaledSum {
  readonly product: Tensor<"matmul">;
  readonly factor: number;
  readonly addend: Tensor;
}

/** Smaller matrices cost little however they are added. */
const leastEntries = 4096;

/** The sums that one operation computes, and what need not be computed for them by itself. */
export interface ScaledSums {
  readonly sums: ReadonlyMap<Tensor, ScaledSum>;
  readonly inside: ReadonlySet<Tensor>;
}

/**
 * Finds large sums a b + c · m of matrices, such as the velocity of a descent with momentum. One
 * `Gemm` reads and writes such a matrix half as often as its three operations.
 *
 * @param order all tensors of a program, each after those that it reads.
 * @param uses how often each of them is read, or is a result.
 */
export function scaledSums(order: readonly Tensor[], uses: ReadonlyMap<Tensor, number>): ScaledSums {
  const sums = new Map<Tensor, ScaledSum>();
  const inside = new Set<Tensor>();
  for (const tensor of order) {
    if (tensor.kind !== "add" || tensor.rank !== 2 || tensor.size < leastEntries) continue;
    const [one, other] = tensor.inputs as [Tensor, Tensor];
    const found = scaledSum(one, other) ?? scaledSum(other, one);
    if (!found || [one, other].some((part) => uses.get(part) !== 1 || part.size !== tensor.size)) continue;
    sums.set(tensor, found);
    for (const part of [one, other]) inside.add(part);
  }
  return { sums, inside };
}

function scaledSum(product: Tensor, scaled: Tensor): ScaledSum | undefined {
  if (product.kind !== "matmul" || scaled.kind !== "mul" || product.inputs.some(({ rank }) => rank !== 2)) return undefined;
  const at = scaled.inputs.findIndex(({ kind, size }) => kind === "constant" && size === 1);
  const addend = scaled.inputs[1 - at];
  if (at < 0 || addend?.size !== scaled.size) return undefined;
  const { data } = (scaled.inputs[at] as Tensor<"constant">).attributes;
  return { product: product as Tensor<"matmul">, factor: data[0]!, addend };
}
