/**
 * The probability that d independent standard normal variables have a Euclidean norm of at most r:
 * the largest mass that a ball of radius r has under N(0, I), around any center (Anderson 1955). It
 * is P(d/2, r²/2), the regularized lower incomplete gamma function.
 *
 * @param dimension d, a whole number from 1 on.
 * @param radius r ≥ 0.
 */
export function gaussianBallMass(dimension: number, radius: number): number {
  const [a, x] = [dimension / 2, radius ** 2 / 2];
  if (x === 0) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    // x^a e^−x / Γ(a) · Σ xⁿ / (a (a+1) … (a+n))
    let term = 1 / a;
    let sum = term;
    for (let n = 1; sum + term !== sum; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.min(1, front * sum);
  }
  return 1 - front * upperFraction(a, x);
}

/**
 * Γ(a, x) / (x^a e^−x) for x ≥ a + 1: 1 / (x + 1 − a − 1·(1 − a) / (x + 3 − a − 2·(2 − a) / (x + 5 −
 * a − …))), by the modified method of Lentz.
 */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let value = d;
  for (let i = 1; ; i++) {
    const coefficient = -i * (i - a);
    b += 2;
    d = 1 / (coefficient * d + b);
    c = b + coefficient / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16 || i > 1e6) return value;
  }
}

/** ln Γ(a) for a > 0, by Stirling's series above 20. */
function logGamma(a: number): number {
  let shift = 0;
  let at = a;
  for (; at < 20; at++) shift += Math.log(at);
  const s = 1 / (at * at);
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - s / 1188) * s) * s) * s) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
