import { invert } from "./invert.ts";

/**
 * The distribution function of Student's t with an integer number `freedom` ≥ 1 of degrees of
 * freedom: the finite sums of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
 */
function studentCdf(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let i = odd ? 3 : 2; i < freedom; i += 2) {
    term *= ((i - 1) / i) * cosine ** 2;
    sum += term;
  }
  const inside = Math.sin(angle) * sum;
  return 0.5 + (odd ? (angle + inside) / Math.PI : inside / 2);
}

/** The t at which {@link studentCdf} is p, for p in (0, 1). */
export function studentQuantile(p: number, freedom: number): number {
  // The quantile for one degree of freedom, Cauchy's, is the farthest.
  const farthest = Math.abs(Math.tan(Math.PI * (p - 0.5))) + 1;
  return invert((t) => studentCdf(t, freedom), p, -farthest, farthest);
}
