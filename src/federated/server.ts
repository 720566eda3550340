import type { Shape, Tensor } from "../graph/index.ts";
import { constant, sizeOf } from "../graph/index.ts";
import type { Optimizer } from "../optimizers/index.ts";
import { evaluate } from "../runtime/index.ts";

/** Values by name. */
export type Named<Value> = Readonly<Record<string, Value>>;

/** A parameter or running statistic. */
export interface Variable {
  readonly name: string;
  readonly shape: Shape;
}

/** What an optimizer remembers of each parameter, by the parameter's name. */
export type Remembered<Value> = Named<Named<Value>>;

/**
 * The shape of a piece of an optimizer's state for one parameter: pieces with an entry for each
 * entry of the parameter have its shape, so that nothing is copied to change shapes.
 */
const shapeOf = (piece: Tensor, shape: Shape): Shape => (piece.rank === 0 ? [] : shape);

/** The places of an optimizer's state. Each parameter has a state of its own. */
export const rememberedPlaces = (optimizer: Optimizer, parameters: readonly Variable[]): Remembered<{ readonly shape: Shape }> =>
  Object.fromEntries(
    parameters.map(({ name, shape }) => [
      name,
      Object.fromEntries(
        Object.entries(optimizer.init(sizeOf(shape))).map(([piece, tensor]) => [piece, { shape: shapeOf(tensor, shape) }]),
      ),
    ]),
  );

/** What an optimizer remembers before the first step. */
export const rememberedAtFirst = (optimizer: Optimizer, parameters: readonly Variable[]): Remembered<Float32Array> =>
  Object.fromEntries(
    parameters.map(({ name, shape }) => {
      const pieces = Object.entries(optimizer.init(sizeOf(shape)));
      const values = evaluate(pieces.map(([, tensor]) => tensor));
      return [name, Object.fromEntries(pieces.map(([piece], i) => [piece, Float32Array.from(values[i]!.data)]))];
    }),
  );

/**
 * One step of the server: every parameter moves against the mean of what the clients sent, by the
 * optimizer. Each parameter has an optimizer of its own, which changes nothing for those that treat
 * every entry by itself.
 */
export function serverStep(
  optimizer: Optimizer,
  {
    theta,
    update,
    remembered,
    rate,
  }: {
    readonly theta: Named<Tensor>;
    readonly update: Named<Tensor>;
    readonly remembered: Remembered<Tensor>;
    readonly rate: Tensor;
  },
): { readonly theta: Named<Tensor>; readonly remembered: Remembered<Tensor> } {
  const moved = Object.entries(theta).map(([name, point]) => {
    const next = optimizer.update({ point, gradient: update[name]!, value: constant(0), rate }, remembered[name]!);
    return [name, next] as const;
  });
  return {
    theta: Object.fromEntries(moved.map(([name, { point }]) => [name, point])),
    remembered: Object.fromEntries(moved.map(([name, { state }]) => [name, state])),
  };
}

/** The mean over the lanes of each tensor, [lanes, ...shape]. */
export const meanOverLanes = (tensors: Named<Tensor>): Named<Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, each]) => [name, each.mean([0])]));
