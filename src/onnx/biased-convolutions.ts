import { range, type Tensor } from "../graph/index.ts";

/** A convolution whose result gets a number added for each channel. */
interface BiasedConvolution {
  readonly convolution: Tensor<"conv">;
  /** One number a channel, in any shape. */
  readonly bias: Tensor;
}

/** The sums that a convolution adds by itself, and what need not be computed for them. */
export interface BiasedConvolutions {
  readonly sums: ReadonlyMap<Tensor, BiasedConvolution>;
  readonly inside: ReadonlySet<Tensor>;
}

/**
 * Finds sums of a convolution and a bias. A convolution begins its sums at the bias, so the images
 * are not read and written again.
 *
 * @param order all tensors of a program, each after those that it reads.
 * @param uses how often each of them is read, or is a result.
 */
export function biasedConvolutions(order: readonly Tensor[], uses: ReadonlyMap<Tensor, number>): BiasedConvolutions {
  const sums = new Map<Tensor, BiasedConvolution>();
  const inside = new Set<Tensor>();
  for (const tensor of order) {
    if (tensor.kind !== "add") continue;
    const [one, other] = tensor.inputs as [Tensor, Tensor];
    for (const [images, bias] of [[one, other] as const, [other, one] as const]) {
      const path = alone(images, uses);
      const convolution = path.at(-1)!;
      if (images.size !== tensor.size || convolution.kind !== "conv" || uses.get(convolution) !== 1) continue;
      if (!addsToChannels(convolution as Tensor<"conv">, images, bias)) continue;
      sums.set(tensor, { convolution: convolution as Tensor<"conv">, bias });
      for (const each of path) inside.add(each);
      break;
    }
  }
  return { sums, inside };
}

/** A tensor, and what it is a reshape of, as far as nothing else reads it. */
function alone(tensor: Tensor, uses: ReadonlyMap<Tensor, number>): readonly Tensor[] {
  const path = [tensor];
  for (let last = tensor; last.kind === "reshape" && uses.get(last) === 1; last = path.at(-1)!) path.push(last.inputs[0]!);
  return path;
}

/** Whether a bias has a number for each channel of images that are a convolution, reshaped. */
function addsToChannels({ attributes, shape }: Tensor<"conv">, images: Tensor, bias: Tensor): boolean {
  const { layout, lanes } = attributes;
  const behind = 3 - layout.indexOf("c");
  const channels = shape.at(-1 - behind)!;
  return (
    !lanes &&
    bias.size === channels &&
    bias.shape.at(-1 - behind) === channels &&
    range(behind + 1).every((i) => images.shape.at(-1 - i) === shape.at(-1 - i))
  );
}
