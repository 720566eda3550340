/** The extents of a tensor, outermost first. A scalar has shape `[]`. */
export type Shape = readonly number[];

/** The number of entries of a tensor of this shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

/** Whether two shapes are equal. */
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((extent, i) => extent === b[i]);

/** Row-major strides, in entries. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/**
 * The common shape under NumPy's broadcasting rule.
 *
 * @throws RangeError if there is none.
 */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let extent = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own === 1 || own === extent) continue;
      if (extent !== 1) throw new RangeError(`shapes ${shapes.map(showShape).join(" and ")} do not broadcast`);
      extent = own;
    }
    return extent;
  });
}

/**
 * An axis counted from the front. A negative axis counts from the back (-1 is the last).
 *
 * @throws RangeError for an axis out of range.
 */
export function axisOf(axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(front) || front < 0 || front >= rank) throw new RangeError(`axis ${axis} is not one of ${rank} axes`);
  return front;
}

/** A shape as text, for errors. */
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** The numbers from 0 to n - 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
