/** From here on, the continued fraction of the tail converges faster than the series of the middle. */
const farOut = 2;

/**
 * Φ(x), the probability that a standard normal variable is at most x. The middle is the series Φ(x)
 * = 1/2 + φ(x)·(x + x³/3 + x⁵/(3·5) + …) (Marsaglia 2004), with an error of 1e-15. The tails keep
 * their digits: their relative error is below 1e-13 for x down to −37.
 */
export const normalCdf = (x: number): number => normalSides(x)[0];

/** The probabilities to be below and above an outcome. Either keeps its digits where it is small. */
export type Sides = readonly [below: number, above: number];

/** Φ(x) and 1 − Φ(x); see {@link normalCdf}. */
export function normalSides(x: number): Sides {
  if (Math.abs(x) >= farOut) {
    const tail = Math.exp(logTail(Math.abs(x)));
    return x < 0 ? [tail, 1 - tail] : [1 - tail, tail];
  }
  let term = x;
  let sum = x;
  for (let i = 3; sum + term !== sum; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  const half = (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  return [0.5 + half, 0.5 - half];
}

/** ln Φ(x), which is a number for every x above −1e150. */
export const logNormalCdf = (x: number): number =>
  x <= -farOut ? logTail(-x) : x >= farOut ? Math.log1p(-Math.exp(logTail(x))) : Math.log(normalCdf(x));

/**
 * ln(1 − Φ(x)) for x ≥ 2: φ(x) / (x + 1/(x + 2/(x + 3/(x + …)))) (Laplace), evaluated from the far
 * end. At x = 2, 120 levels leave an error of 1e-16.
 */
function logTail(x: number): number {
  if (x > 1e150) return -Infinity;
  let fraction = x;
  for (let level = Math.ceil(20 + 400 / x ** 2); level >= 1; level--) fraction = x + level / fraction;
  return -(x * x) / 2 - Math.log(fraction * Math.sqrt(2 * Math.PI));
}

/** The x with Φ(x) = p, for p from 0 to 1: −∞ for 0, and ∞ for 1. */
export function normalQuantile(p: number): number {
  if (p === 0) return -Infinity;
  if (p > 0.5) return -normalQuantile(1 - p);
  // ln Φ is concave, so after the first step Newton's steps come to the root from one side.
  const target = Math.log(p);
  let x = 0;
  for (let step = 0; step < 100; step++) {
    const log = logNormalCdf(x);
    const slope = Math.exp(-(x * x) / 2 - log) / Math.sqrt(2 * Math.PI);
    const next = x - (log - target) / slope;
    if (Math.abs(next - x) <= 1e-15 * Math.abs(next)) return next;
    x = next;
  }
  return x;
}
