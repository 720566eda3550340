import { logNormalCdf, normalCdf, normalQuantile } from "./standard-normal.ts";

/**
 * δ(ε) of two normal laws that are μ standard deviations apart: the largest P(E) − e^ε Q(E) of any
 * event E. It is Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ) (Balle and Wang 2018, theorem 8). T updates of the
 * Gaussian mechanism with noise multiplier z, in all of which the example is, have μ = √T / z (Dong,
 * Roth and Su 2022, corollary 3.3).
 */
export const deltaOfGaussian = (mu: number, epsilon: number): number =>
  Math.max(0, normalCdf(mu / 2 - epsilon / mu) - Math.exp(epsilon + logNormalCdf(-mu / 2 - epsilon / mu)));

/**
 * The least ε ≥ 0 at which two normal laws that are μ standard deviations apart have a δ(ε) of at
 * most dpDelta; see {@link deltaOfGaussian}.
 */
export function epsilonOfGaussian(mu: number, dpDelta: number): number {
  if (mu === 0 || deltaOfGaussian(mu, 0) <= dpDelta) return 0;
  // δ(ε) is at most its first term, so this ε is large enough.
  let [low, high] = [0, mu * (mu / 2 - normalQuantile(dpDelta))];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (deltaOfGaussian(mu, middle) > dpDelta) low = middle;
    else high = middle;
  }
}
