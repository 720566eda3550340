/** A path seen on a plane through its goal. */
export interface Projection {
  /** A point of the plane for every point of the path; the goal is [0, 0]. */
  readonly points: readonly (readonly [number, number])[];
  /** The part of the path's squared distances from the goal that the plane shows, from 0 to 1. */
  readonly shown: number;
}

/**
 * Projects a path on the plane through its goal that holds the first point of the path and, across
 * that direction, the one in which the path strays most. A ball of radius δ around a point is a
 * disc of radius δ around its projection; what is in the disc need not be in the ball.
 */
export function project(path: readonly Float32Array[], goal: Float32Array): Projection {
  const offsets = path.map((point) => Float64Array.from(point, (entry, i) => entry - goal[i]!));
  const first = unit(offsets[0]!);
  const along = offsets.map((offset) => dot(offset, first));
  const across = offsets.map((offset, i) => offset.map((entry, j) => entry - along[i]! * first[j]!));
  const second = principal(across);
  const points = offsets.map((offset, i) => [along[i]!, dot(offset, second)] as const);
  const all = offsets.reduce((sum, offset) => sum + dot(offset, offset), 0);
  return { points, shown: all === 0 ? 1 : points.reduce((sum, [u, v]) => sum + u * u + v * v, 0) / all };
}

/**
 * The direction in which vectors are longest together: power iteration from their sum of largest
 * length.
 */
function principal(vectors: readonly Float64Array[]): Float64Array {
  const longest = vectors.reduce((best, vector) => (dot(vector, vector) > dot(best, best) ? vector : best));
  let direction = unit(longest);
  for (let i = 0; i < 50; i++) {
    const next = new Float64Array(direction.length);
    for (const vector of vectors) {
      const part = dot(vector, direction);
      for (let j = 0; j < next.length; j++) next[j]! += part * vector[j]!;
    }
    direction = unit(next);
  }
  return direction;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** A vector of length 1, or the zero vector as it is. */
const unit = (vector: Float64Array): Float64Array => {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((entry) => entry / length);
};
