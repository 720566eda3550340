/**
 * The lower triangular L with L Lᵀ = a, for a symmetric positive definite matrix [d, d]. Only the
 * lower half of `a` is read.
 *
 * @throws RangeError if the matrix is not positive definite.
 */
export function cholesky(a: Float64Array, d: number): Float64Array {
  const l = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * d + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * d + k]! * l[j * d + k]!;
      if (i !== j) l[i * d + j] = sum / l[j * d + j]!;
      else if (sum > 0) l[i * d + i] = Math.sqrt(sum);
      else throw new RangeError(`a matrix of ${d}×${d} is not positive definite at row ${i}`);
    }
  }
  return l;
}

/** The inverse of a lower triangular matrix [d, d]. */
export function invertLower(l: Float64Array, d: number): Float64Array {
  // Row i of the inverse is (unit row − Σ_{k<i} l_ik · row k) / l_ii.
  const inverse = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    const diagonal = 1 / l[i * d + i]!;
    for (let k = 0; k < i; k++) {
      const factor = -l[i * d + k]! * diagonal;
      for (let j = 0; j <= k; j++) inverse[i * d + j]! += factor * inverse[k * d + j]!;
    }
    inverse[i * d + i] = diagonal;
  }
  return inverse;
}
