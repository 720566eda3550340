import type { Shape } from "../shape.ts";
import type { Dtype, Tensor } from "../tensor.ts";

/** A value of the float64 interpreter. Masks are 0 and 1, keys are pairs of 32-bit words. */
export interface Value {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** What an ONNX rule may emit. Tensors are names; constants of the model are named too. */
export interface Emit {
  /** Adds a node and returns its first output. Equal nodes are emitted once. */
  node(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>, domain?: string): string;
  /** Adds a node and returns all its outputs. */
  nodes(type: string, outputs: number, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): readonly string[];
  /** A float32 constant. */
  floats(data: ArrayLike<number>, shape: Shape): string;
  /** An int64 constant. */
  ints(data: ArrayLike<number>, shape?: Shape): string;
  /** Declares an input of the program, fed from outside. */
  feed(tensor: Tensor): string;
}

/** Where an ONNX rule stands: the graph's tensors and the names their values already have. */
export interface OnnxContext {
  readonly names: readonly string[];
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly emit: Emit;
}

/**
 * Where a gradient rule stands: what went in, what came out, and the derivative of the objective in
 * what came out.
 */
export interface GradientContext {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly cotangent: Tensor;
}

/** All that is known of one operation. `A` are its attributes. */
export interface Rules<A> {
  /** The shape of the result. Throws RangeError when the operands do not fit. */
  shape(attributes: A, inputs: readonly Tensor[]): Shape;
  /** The type of the result where it is not `float`. */
  dtype?(attributes: A, inputs: readonly Tensor[]): Dtype;
  /** The derivative in each input; `undefined` where it is 0. */
  gradient(attributes: A, at: GradientContext): readonly (Tensor | undefined)[];
  /**
   * The operation for all lanes at once: flagged inputs have a leading axis of `lanes`, and so has
   * the result.
   */
  batch(attributes: A, inputs: readonly Tensor[], batched: readonly boolean[], lanes: number): Tensor;
  /** The operation in ONNX; the name of its result. */
  onnx(attributes: A, at: OnnxContext): string;
  /** The result in float64. */
  value(attributes: A, inputs: readonly Value[], output: Tensor): Float64Array;
}

/** One rule set an operation of a family. */
export type Family<Ops> = { readonly [K in keyof Ops]: Rules<Ops[K]> };

/** Gives an unbatched tensor the leading lane axis. */
export const spread = (tensor: Tensor, lanes: number): Tensor => tensor.expand([lanes, ...tensor.shape]);

/** All inputs with a lane axis. */
export const spreadAll = (inputs: readonly Tensor[], batched: readonly boolean[], lanes: number): Tensor[] =>
  inputs.map((tensor, i) => (batched[i] ? tensor : spread(tensor, lanes)));
