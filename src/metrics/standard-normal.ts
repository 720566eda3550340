import { invert } from "./invert.ts";

/** Φ(x) to 1e-15, by the series Φ(x) = 1/2 + φ(x)·(x + x³/3 + x⁵/(3·5) + …) (Marsaglia 2004). */
export function normalCdf(x: number): number {
  if (x < -9) return 0;
  if (x > 9) return 1;
  let term = x;
  let sum = x;
  for (let i = 3; sum + term !== sum; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  // In the tails, cancellation leaves errors of 1e-15 on either side of 0 and 1.
  return Math.min(1, Math.max(0, 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)));
}

/**
 * The x with Φ(x) = p, for p in (0, 1). The random draws use a faster version with the digits of
 * float32.
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  return invert(normalCdf, p, -9, 0);
}
