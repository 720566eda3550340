import type { Shape, Tensor } from "../graph/index.ts";
import { type Initialization, linear, torchInitialization } from "./layers.ts";
import type { ForwardContext, Layer } from "./model.ts";

/** The forms of a variational bottleneck: as it was attacked, and as its own authors published it. */
export const bottleneckForms = ["attacked", "published"] as const;
type BottleneckForm = (typeof bottleneckForms)[number];

/** Which divergence is added to the loss: the right one, or that of the code of the attack's authors. */
export const divergences = ["right", "code"] as const;
type Divergence = (typeof divergences)[number];

interface Bottleneck {
  /** The number K of variables. */
  readonly size: number;
  readonly form: BottleneckForm;
  readonly divergence: Divergence;
  /** The names of the dense layers: the mean and the log-variance, or both together, and what reads z. */
  readonly names: { readonly mean: string; readonly variance: string; readonly both: string; readonly decoder?: string };
  readonly initialization?: Initialization;
}

/** The factor of the divergence in the loss. The published one measures it in bits. */
const factors: Readonly<Record<BottleneckForm, number>> = { attacked: 0.003, published: 1e-3 / Math.LN2 };

/**
 * The divergence of N(mean, deviation²) from N(0, 1) in nats, Σ over variables and the mean over the
 * batch. In the authors' code the log-variance also takes the place of the mean.
 */
function divergenceOf(mean: Tensor, logVariance: Tensor, divergence: Divergence): Tensor {
  const center = divergence === "code" ? logVariance : mean;
  return logVariance.add(1).sub(center.square()).sub(logVariance.exp()).sum(-1).mul(-0.5).mean();
}

/**
 * A variational bottleneck (Scheliga et al. 2022, PRECODE): z = μ + σ ε with ε ~ N(0, 1), drawn
 * anew from the key of each update. Without a key it is μ. Where a decoder follows, ε lies between
 * what enters the bottleneck and what enters the decoder.
 *
 * `attacked` is the form of Balunović et al. (2022): μ and log σ² from a dense layer each, and 0.003
 * of the divergence in the loss of training, which is not part of what a client shares. `published`
 * is that of PRECODE's authors: μ and σ = softplus(…) from one dense layer, and 1e-3 of the
 * divergence in bits, which is shared.
 *
 * A decoder brings z back to the shape that entered; without its name the layer ends with z.
 */
export function bottleneck(shape: Shape, { size, form, divergence, names, initialization = torchInitialization }: Bottleneck): Layer {
  const dense = (name: string, from: Shape, outputs: number) => linear(name, from, outputs, initialization);
  const heads =
    form === "attacked" ? [dense(names.mean, shape, size), dense(names.variance, shape, size)] : [dense(names.both, shape, 2 * size)];
  const gaussianOf = (outputs: readonly Tensor[]) => ({
    mean: form === "attacked" ? outputs[0]! : outputs[0]!.range(-1, 0, size),
    deviation: form === "attacked" ? outputs[1]!.mul(0.5).exp() : outputs[0]!.range(-1, size, 2 * size).softplus(),
  });
  const before = form === "attacked" ? names.mean : names.both;
  const from = (entering: Tensor, drawn: Tensor, weight: ForwardContext["weight"]): Tensor => {
    const { mean, deviation } = gaussianOf(heads.map((head) => head.forward(entering, { mode: "eval", layout: "nchw", weight })));
    return drawn.sub(mean).div(deviation);
  };
  const decoder = names.decoder === undefined ? [] : [dense(names.decoder, [size], shape[0]!)];
  return {
    parameters: [...heads, ...decoder].flatMap(({ parameters }) => parameters),
    statistics: [],
    shape: decoder[0]?.shape ?? [size],
    random: true,
    draws: { count: size, ...(names.decoder === undefined ? {} : { told: { before, behind: names.decoder, from } }) },
    penalty: form === "published" ? "shared" : "training",
    forward: (x, context) => {
      const outputs = heads.map((head) => head.forward(x, context));
      const { mean, deviation } = gaussianOf(outputs);
      const logVariance = form === "attacked" ? outputs[1]! : deviation.log().mul(2);
      context.penalize?.(divergenceOf(mean, logVariance, divergence).mul(factors[form]));
      const draws = context.draws ?? context.key?.normal(mean.shape);
      const z = draws ? mean.add(deviation.mul(draws)) : mean;
      return decoder[0]?.forward(z, context) ?? z;
    },
  };
}
