import { LeakageError } from "../errors.ts";
import {
  averagePool2d,
  channelsFirst,
  conv2d,
  inLayout,
  type Layout,
  maxPool2d,
  type PoolOptions,
  range,
  type Shape,
  showShape,
  sizeOf,
  type Tensor,
} from "../graph/index.ts";
import { filledWith, type Initializer, lecunNormal, torchDefault } from "./initializers.ts";
import type { Layer, Variable } from "./model.ts";

/** The initial weights and biases of a layer, given the number of inputs of one output. */
export interface Initialization {
  readonly weight: (fanIn: number) => Initializer;
  readonly bias: (fanIn: number) => Initializer;
}

/** PyTorch's default initialization. */
export const torchInitialization: Initialization = { weight: torchDefault, bias: torchDefault };

/** Flax's default initialization: LeCun-normal weights, zero biases. */
export const flaxInitialization: Initialization = { weight: lecunNormal, bias: () => filledWith(0) };

const affine = (name: string, shape: Shape, initialization: Initialization): readonly Variable[] => {
  const fanIn = sizeOf(shape.slice(1));
  return [
    { name: `${name}.weight`, shape, initial: initialization.weight(fanIn) },
    { name: `${name}.bias`, shape: shape.slice(0, 1), initial: initialization.bias(fanIn) },
  ];
};

/** A layer without parameters that keeps the shape. */
const pure = (shape: Shape, change: (x: Tensor) => Tensor): Layer => ({ parameters: [], statistics: [], shape, forward: change });

/** x Wᵀ + b for rows x. */
export function linear(name: string, shape: Shape, outputs: number, initialization = torchInitialization): Layer {
  return {
    parameters: affine(name, [outputs, sizeOf(shape)], initialization),
    statistics: [],
    shape: [outputs],
    forward: (x, { weight, tap }) => {
      tap?.(`${name}.input`, x);
      return x.matmul(weight(`${name}.weight`), false, true).add(weight(`${name}.bias`));
    },
  };
}

export interface ConvolutionLayer {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly initialization?: Initialization;
}

/** The shape of one number a channel that broadcasts against images. */
const besideChannels = (layout: Layout, channels: number): Shape => [channels, ...new Array<number>(3 - layout.indexOf("c")).fill(1)];

/** A convolution of [c, h, w] with one bias per channel. */
export function convolution(name: string, [c, h, w]: Shape, outputs: number, options: ConvolutionLayer): Layer {
  const { kernel, stride = 1, padding = 0, initialization = torchInitialization } = options;
  const slide = (extent: number) => Math.floor((extent + 2 * padding - kernel) / stride) + 1;
  return {
    parameters: affine(name, [outputs, c!, kernel, kernel], initialization),
    statistics: [],
    shape: [outputs, slide(h!), slide(w!)],
    forward: (x, { weight, layout, tap }) => {
      tap?.(`${name}.input`, x);
      const bias = weight(`${name}.bias`);
      const y = conv2d(x, weight(`${name}.weight`), { stride, padding, layout });
      return y.add(bias.reshape(besideChannels(layout, outputs)));
    },
  };
}

/**
 * Batch normalization over all axes but channels. In train mode it uses the mean and the biased
 * variance of the batch, in eval mode the running statistics.
 */
export function batchNorm(name: string, shape: Shape, epsilon = 1e-5): Layer {
  const channels = shape.slice(0, 1);
  const variable = (part: string, value: number): Variable => ({ name: `${name}.${part}`, shape: channels, initial: filledWith(value) });
  return {
    parameters: [variable("weight", 1), variable("bias", 0)],
    statistics: [variable("running_mean", 0), variable("running_var", 1)],
    shape,
    forward: (x, { mode, layout, weight, tap }) => {
      const spread = (t: Tensor) => t.reshape(besideChannels(layout, channels[0]!));
      const axes = range(4).filter((axis) => layout[axis] !== "c");
      const ofBatch = () => {
        const mean = x.mean(axes);
        return { mean, variance: x.sub(spread(mean)).square().mean(axes) };
      };
      const own = mode === "train" || tap ? ofBatch() : undefined;
      if (own) {
        tap?.(`${name}.input`, x);
        tap?.(`${name}.mean`, own.mean);
        tap?.(`${name}.variance`, own.variance);
      }
      const running = () => ({ mean: weight(`${name}.running_mean`), variance: weight(`${name}.running_var`) });
      const { mean, variance } = mode === "train" ? own! : running();
      const centered = x.sub(spread(mean));
      const scale = weight(`${name}.weight`).div(variance.add(epsilon).sqrt());
      return centered.mul(spread(scale)).add(spread(weight(`${name}.bias`)));
    },
  };
}

function pool(pooling: (x: Tensor, options: PoolOptions) => Tensor, [c, h, w]: Shape, size: number): Layer {
  return {
    parameters: [],
    statistics: [],
    shape: [c!, Math.floor(h! / size), Math.floor(w! / size)],
    forward: (x, { layout }) => inLayout(layout, pooling(channelsFirst(layout, x), { kernel: size })),
  };
}
/** The mean of each size × size square. */
export const averagePool = (shape: Shape, size: number): Layer => pool(averagePool2d, shape, size);
/** The maximum of each size × size square. */
export const maxPool = (shape: Shape, size: number): Layer => pool(maxPool2d, shape, size);

/** [c, h, w] as one row, channels first. */
export const flatten = (shape: Shape): Layer => ({
  parameters: [],
  statistics: [],
  shape: [sizeOf(shape)],
  forward: (x, { layout }) => {
    const rows = x.rank === 4 ? channelsFirst(layout, x) : x;
    return rows.reshape([rows.shape[0]!, -1]);
  },
});

/** The activations of the built-in networks. */
export const activations = {
  relu: (shape: Shape) => pure(shape, (x) => x.relu()),
  "leaky-relu": (shape: Shape) => pure(shape, (x) => x.leakyRelu()),
  sigmoid: (shape: Shape) => pure(shape, (x) => x.sigmoid()),
  tanh: (shape: Shape) => pure(shape, (x) => x.tanh()),
  softplus: (shape: Shape) => pure(shape, (x) => x.softplus()),
  gelu: (shape: Shape) => pure(shape, (x) => x.gelu()),
} as const;

export type Activation = keyof typeof activations;

/** Builds layers on top of each other, so that no shape is written twice. */
export class Stack {
  readonly layers: Layer[] = [];
  private readonly input: Shape;
  private shape: Shape;

  constructor(shape: Shape) {
    this.input = shape;
    this.shape = shape;
  }

  /**
   * Adds the layer that `build` makes for the shape so far.
   *
   * @throws LeakageError `spec` for an input that is too small for the layer, or of other axes.
   */
  add(build: (shape: Shape) => Layer): this {
    const layer = build(this.shape);
    if (!layer.shape.every((extent) => extent >= 1))
      throw new LeakageError(
        "spec",
        this.input.length === 3
          ? `The network does not fit images of shape ${showShape(this.input)}: a layer leaves nothing of ${showShape(this.shape)}; take larger images, or a network of dense layers such as mlp.`
          : `The network does not fit inputs of shape ${showShape(this.input)}: it takes images [channels, height, width]; take a network of dense layers such as mlp.`,
      );
    this.layers.push(layer);
    this.shape = layer.shape;
    return this;
  }
}
