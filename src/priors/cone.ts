import { constant, type Tensor, where } from "../graph/index.ts";
import { evaluate } from "../runtime/index.ts";

/** The cones {x : (W_y − W_j)·x ≥ 0 for all j}, one for each row y of W: where argmax W x is y. */
export interface Cones {
  /** W, [classes, d]. */
  readonly rows: Tensor;
  /**
   * A point of each cone, [classes, d], at a distance of at least 1 from each of its faces and as
   * near to 0 as possible; 0 for a cone without such a point.
   */
  readonly inner: Tensor;
}

/** An answer is at least this far from each face, so that float32 does not round it to another side. */
const margin = 1e-5;

/** Entries above minus this count as not negative. */
const tolerance = 1e-6;

/** The cones of a labeling W, given row by row. */
export function conesOf(labeling: Float32Array, classes: number): Cones {
  const d = labeling.length / classes;
  const rows = constant(labeling, [classes, d]);
  const origin = constant(new Float64Array(d));
  const reached = Array.from({ length: classes }, (_, y) => {
    const faces = facesOf(rows, constant(Array.from({ length: classes }, (_, j) => Number(j === y))));
    const { point, solved } = nearest(faces, origin, 1, 2 * classes);
    return where(solved, point, 0);
  });
  return { rows, inner: constant(Float64Array.from(evaluate(reached).flatMap(({ data }) => [...data])), [classes, d]) };
}

/** The unit normals of the faces of cone y, [classes, d]. Row y, which is no face, is 0. */
function facesOf(rows: Tensor, y: Tensor): Tensor {
  const [classes] = rows.shape as [number, number];
  const own = y.reshape([classes, 1]);
  const normals = y.reshape([1, classes]).matmul(rows).sub(rows);
  return normals.mul(own.neg().add(1)).div(normals.square().sum(1, true).add(own).sqrt());
}

/** The scalar product of every face with a point [d], [classes]. */
const along = (faces: Tensor, point: Tensor): Tensor => faces.matmul(point.reshape([-1, 1])).reshape([faces.shape[0]!]);

/**
 * The point nearest to v among those whose scalar product with each face is at least `least`. It is
 * v + Aᵀλ, where λ ≥ 0 and w = A (v + Aᵀλ) − least ≥ 0 with λᵀw = 0: a linear complementarity problem
 * (Cottle, Pang & Stone 1992, §1.2 and §2.3). Principal pivots solve it. Each exchanges λⱼ with wⱼ
 * for the most negative entry j, until none is negative; more pivots change nothing.
 */
function nearest(faces: Tensor, v: Tensor, least: number, pivots: number): { readonly point: Tensor; readonly solved: Tensor } {
  const [classes] = faces.shape as [number, number];
  // A row of zeros, which is no face, never lacks anything. The ridge keeps dependent faces apart.
  const empty = faces.square().sum(1).less(0.5).toFloat();
  const ridge = constant(
    Array.from({ length: classes ** 2 }, (_, i) => (i % (classes + 1) === 0 ? 1e-6 : 0)),
    [classes, classes],
  );
  let matrix = faces.matmul(faces, false, true).add(ridge);
  let values = along(faces, v)
    .sub(least)
    .add(empty.mul(least + 1));
  let exchanged: Tensor = constant(new Float64Array(classes));
  for (let i = 0; i < pivots; i++) {
    const below = values.neg();
    const lacks = below.max().greater(tolerance).toFloat();
    const chosen = below.argmax().oneHot(classes).mul(lacks);
    const others = chosen.neg().add(1);
    const column = matrix.matmul(chosen.reshape([classes, 1])).reshape([classes]);
    const row = chosen.reshape([1, classes]).matmul(matrix).reshape([classes]);
    const pivot = row.mul(chosen).sum().add(lacks.neg().add(1));
    // Row and column of the pivot become 0, and u rᵀ / p is subtracted with u = 1 and r = −1 there.
    const u = column.mul(others).add(chosen).div(pivot);
    const r = row.mul(others).sub(chosen);
    const own = values.mul(chosen).sum();
    values = values.mul(others).sub(u.mul(own));
    matrix = matrix
      .mul(others.reshape([classes, 1]))
      .mul(others)
      .sub(u.reshape([classes, 1]).mul(r));
    exchanged = exchanged.sub(chosen).abs();
  }
  const multipliers = values.maximum(0).mul(exchanged);
  const solved = values
    .neg()
    .max()
    .lessEqual(10 * tolerance);
  return { point: v.add(multipliers.reshape([1, classes]).matmul(faces).reshape(v.shape)), solved };
}

/**
 * The point of cone y nearest to v [d], at a distance of at least 1e-5 from each face. Rounding, and
 * a point for which the pivots do not suffice, is made good by a step toward the inner point.
 *
 * @param y the class, one-hot [classes].
 */
export function projectOntoCone({ rows, inner }: Cones, y: Tensor, v: Tensor): Tensor {
  const [classes, d] = rows.shape as [number, number];
  const faces = facesOf(rows, y);
  // Few faces hold a point. Where there are more faces than dimensions, pivots also undo others.
  const pivots = Math.min(classes + 2, d < classes ? 24 : 2 + Math.ceil(2 * Math.sqrt(classes)));
  const { point, solved } = nearest(faces, v, margin, pivots);
  const base = where(solved, point, v);
  const inward = y.reshape([1, classes]).matmul(inner).reshape(v.shape);
  const gains = along(faces, inward);
  const lacking = along(faces, base).neg().add(margin);
  const steps = where(gains.greater(0.5), lacking.div(gains.maximum(0.5)), 0);
  return base.add(inward.mul(steps.max().maximum(0)));
}

/**
 * The logarithm of the probability that argmax W (x + noise) is y, as if the faces were independent:
 * Σ_j log Φ(a_j·x / deviation) for their unit normals a_j, with the logistic approximation of Φ.
 */
export function logInsideThroughNoise({ rows }: Cones, y: Tensor, x: Tensor, deviation: number): Tensor {
  return along(facesOf(rows, y), x)
    .mul(-1.702 / deviation)
    .softplus()
    .sum()
    .neg();
}

/** Whether x [d] is in cone y, one-hot [classes]: no other row of W has a larger product with it. */
export function inCone({ rows }: Cones, y: Tensor, x: Tensor): Tensor {
  const scores = along(rows, x);
  return scores.max().lessEqual(scores.mul(y).sum());
}
