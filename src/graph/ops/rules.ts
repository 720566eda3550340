import type { Shape } from "../shape.ts";
import type { Dtype, Tensor } from "../tensor.ts";

/** A value of the float64 interpreter. Masks are 0 and 1; keys are pairs of 32-bit words. */
export interface Value {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** An attribute of an ONNX node: an integer, a string, integers, or a float. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/**
 * What an ONNX rule can emit. Tensors are referred to by name, and so are constants of the model.
 */
export interface Emit {
  /** Adds a node and returns its first output. Equal nodes are emitted once. */
  node(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>, domain?: string): string;
  /** Adds a node and returns all its outputs. */
  nodes(type: string, outputs: number, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): readonly string[];
  /** Adds a float32 constant. */
  floats(data: ArrayLike<number>, shape: Shape): string;
  /** Adds an int64 constant. */
  ints(data: ArrayLike<number>, shape?: Shape): string;
  /** Declares an input of the program, which is fed from outside. */
  feed(tensor: Tensor): string;
}

/** The context of an ONNX rule: the tensors of the graph, and the names of their values. */
export interface OnnxContext {
  readonly names: readonly string[];
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly emit: Emit;
}

/**
 * The context of a gradient rule: the inputs, the output, and the derivative of the objective with
 * respect to the output.
 */
export interface GradientContext {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly cotangent: Tensor;
}

/** The rules of one operation. `A` is the type of its attributes. */
export interface Rules<A> {
  /**
   * The shape of the result.
   *
   * @throws RangeError if the operands do not fit.
   */
  shape(attributes: A, inputs: readonly Tensor[]): Shape;
  /** The type of the result, if it is not `float`. */
  dtype?(attributes: A, inputs: readonly Tensor[]): Dtype;
  /** The derivative with respect to each input; `undefined` if it is 0. */
  gradient(attributes: A, at: GradientContext): readonly (Tensor | undefined)[];
  /**
   * The operation for all lanes at once. The flagged inputs have a leading axis of `lanes`, and so
   * has the result.
   */
  batch(attributes: A, inputs: readonly Tensor[], batched: readonly boolean[], lanes: number): Tensor;
  /** Emits the operation in ONNX, and returns the name of its result. */
  onnx(attributes: A, at: OnnxContext): string;
  /** Computes the result in float64. */
  value(attributes: A, inputs: readonly Value[], output: Tensor): Float64Array;
}

/** One set of rules per operation of a family. */
export type Family<Ops> = { readonly [K in keyof Ops]: Rules<Ops[K]> };

/** Gives an unbatched tensor the leading lane axis. */
export const spread = (tensor: Tensor, lanes: number): Tensor => tensor.expand([lanes, ...tensor.shape]);

/** Gives every input a lane axis. */
export const spreadAll = (inputs: readonly Tensor[], batched: readonly boolean[], lanes: number): Tensor[] =>
  inputs.map((tensor, i) => (batched[i] ? tensor : spread(tensor, lanes)));
