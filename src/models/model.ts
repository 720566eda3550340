import { LeakageError } from "../errors.ts";
import { inLayout, type Layout, type Shape, showShape, sizeOf, type Tensor } from "../graph/index.ts";
import type { Key } from "../random/index.ts";
import type { Initializer } from "./initializers.ts";

/** Whether batch normalization uses the statistics of the batch or the running ones. */
export type Mode = "train" | "eval";

/** A parameter or running statistic, by its name in the equivalent PyTorch state_dict. */
export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly initial: Initializer;
}

/** Receives the tensors between the layers, by name. */
export type Tap = (name: string, tensor: Tensor) => void;

/** What a network needs to compute, apart from its inputs. */
export interface ForwardContext {
  /** Whether batch normalization uses the statistics of the batch or the running ones. */
  readonly mode: Mode;
  /** The tensor of a parameter or running statistic. */
  weight(name: string): Tensor;
  /**
   * The key of random layers, such as dropout or a variational bottleneck. Without a key they
   * compute their expectation, or the value at the center of their noise.
   */
  readonly key?: Key;
  /**
   * What random layers draw, [B, count] of {@link Model.draws}, in place of draws from the key. The
   * variables of the first random layer come first.
   */
  readonly draws?: Tensor;
  /**
   * Receives `<layer>.input` of each layer that has parameters. A batch normalization also gives
   * `<layer>.mean` and `<layer>.variance` (biased), one number per channel, over the batch and
   * positions.
   */
  readonly tap?: Tap;
  /** Receives what layers add to the loss, a scalar each. */
  readonly penalize?: (term: Tensor) => void;
}

/**
 * Where the loss has what layers add to it: in the gradient that a client shares, or only in its
 * training.
 */
type Penalty = "shared" | "training";

/** What random layers draw for one example: independent N(0, 1) variables. */
interface Draws {
  /** The number of variables. */
  readonly count: number;
  /** How they follow from what dense layers receive. It is absent if they do not. */
  readonly told?: ToldDraws;
}

/** Draws that lie between the inputs of two dense layers. */
interface ToldDraws {
  /** The dense layer that receives what enters the random layer. */
  readonly before: string;
  /** The dense layer that receives what was drawn. */
  readonly behind: string;
  /**
   * The draws [B, count].
   *
   * @param entering the inputs of the layer `before`, [B, …].
   * @param drawn the inputs of the layer `behind`, [B, …].
   */
  from(entering: Tensor, drawn: Tensor, weight: ForwardContext["weight"]): Tensor;
}

/** What a layer needs to compute. */
interface Context extends ForwardContext {
  /** The axes of images between the layers. */
  readonly layout: Layout;
}

/** A piece of a network: its variables and its computation. */
export interface Layer {
  readonly parameters: readonly Variable[];
  readonly statistics: readonly Variable[];
  /** The shape of one example after this layer, channels first. */
  readonly shape: Shape;
  /** Whether the layer draws from its key. The default is no. */
  readonly random?: boolean;
  /** What the layer draws, if that can be stated in its place. */
  readonly draws?: Draws;
  /** Where the loss has what the layer adds to it. By default it adds nothing. */
  readonly penalty?: Penalty;
  forward(x: Tensor, context: Context): Tensor;
}

/** The normalization of inputs, per channel: x in model space is (pixel − mean) / std. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A classifier from inputs [B, ...shape] in model space to logits [B, classes]. */
export interface Model {
  /** The shape of one example: [c, h, w] of an image, [d] of a vector. */
  readonly shape: Shape;
  readonly classes: number;
  readonly normalization: Normalization;
  /** The trained parameters, in the order of the state_dict. */
  readonly parameters: readonly Variable[];
  /** The running statistics of batch normalization. */
  readonly statistics: readonly Variable[];
  /**
   * Whether the forward pass draws from its key. Only such a network is given one. The law p(g | x)
   * of its updates is then an integral over the draws, which nobody can write down in general. The
   * default is no.
   */
  readonly random?: boolean;
  /** Where the loss has what layers add to it. By default they add nothing. */
  readonly penalty?: Penalty;
  /**
   * The parameters of the first layer that draws and of those behind it, by name, if one does. The
   * gradients of the others reach an attacker through the draws as well, but only as a factor.
   */
  readonly drawn?: readonly string[];
  /** What the forward pass draws for one example, if that can be stated in its place. */
  readonly draws?: Draws;
  /**
   * The same network with one more layer, in front of the layer with a parameter. It is absent if
   * the network is no list of layers.
   *
   * @param make makes the layer for the shape that enters it.
   * @throws LeakageError `spec` for a network that is too large.
   */
  insertBefore?(parameter: string, make: (shape: Shape) => Layer): Model;
  forward(x: Tensor, context: ForwardContext): Tensor;
}

/** The task that a model is built for. */
export interface Task {
  readonly shape: Shape;
  readonly classes: number;
  readonly normalization: Normalization;
}

/** A program contains the parameters, and ONNX models end at 2 GB. */
const maxParameters = 2 ** 28;

/** The axes of images between the layers: the same ones always, or those for so many images. */
type Layouts = Layout | ((images: number) => Layout);

/**
 * A model that applies layers one after the other. Layer i computes with the key folded with i.
 *
 * @throws LeakageError `spec` for a network that is too large.
 */
export function sequential(task: Task, layouts: Layouts, layers: readonly Layer[]): Model {
  const parameters = layers.flatMap((layer) => layer.parameters);
  const count = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (count > maxParameters)
    throw new LeakageError(
      "spec",
      `The network would have ${count} parameters for examples of shape ${showShape(task.shape)}; at most ${maxParameters} are possible.`,
    );
  const firstRandom = layers.findIndex((layer) => layer.random);
  const penalties = layers.flatMap(({ penalty }) => penalty ?? []);
  const draws = drawsOf(layers);
  return {
    ...task,
    parameters,
    statistics: layers.flatMap((layer) => layer.statistics),
    random: firstRandom >= 0,
    ...(firstRandom < 0 ? {} : { drawn: layers.slice(firstRandom).flatMap((layer) => layer.parameters.map(({ name }) => name)) }),
    ...(draws ? { draws } : {}),
    ...(penalties.length === 0 ? {} : { penalty: penalties.includes("shared") ? "shared" : "training" }),
    insertBefore: (parameter, make) => {
      const place = layers.findIndex((layer) => layer.parameters.some(({ name }) => name === parameter));
      if (place < 0) throw new RangeError(`no layer has the parameter "${parameter}"`);
      const added = make(layers[place - 1]?.shape ?? task.shape);
      return sequential(task, layouts, [...layers.slice(0, place), added, ...layers.slice(place)]);
    },
    forward: (x, { key, draws: stated, ...given }) => {
      const layout = typeof layouts === "string" ? layouts : layouts(x.shape[0]!);
      const ownDraws = (place: number) => {
        const from = layers.slice(0, place).reduce((sum, layer) => sum + (layer.draws?.count ?? 0), 0);
        return stated!.range(-1, from, from + layers[place]!.draws!.count);
      };
      const contextOf = (place: number): Context => ({
        ...given,
        layout,
        ...(key ? { key: key.foldIn(place) } : {}),
        ...(stated && layers[place]!.draws ? { draws: ownDraws(place) } : {}),
      });
      return layers.reduce((value, layer, place) => layer.forward(value, contextOf(place)), inLayout(layout, x));
    },
  };
}

/** What all random layers draw; undefined if there are none, or if one of them cannot be stated. */
function drawsOf(layers: readonly Layer[]): Draws | undefined {
  const random = layers.filter((layer) => layer.random);
  const all = random.flatMap(({ draws }) => draws ?? []);
  if (all.length === 0 || all.length < random.length) return undefined;
  return all.length === 1 ? all[0] : { count: all.reduce((sum, { count }) => sum + count, 0) };
}
