/** ln m! − ln(√(2πm)·(m/e)^m), the error of Stirling's formula, for m ≥ 1. */
function stirlingError(m: number): number {
  if (m > 15) {
    const s = 1 / (m * m);
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - s / 1188) * s) * s) * s) / m;
  }
  let factorial = 1;
  for (let i = 2; i <= m; i++) factorial *= i;
  return Math.log(factorial) - 0.5 * Math.log(2 * Math.PI * m) - m * Math.log(m) + m;
}

/**
 * P(X = k) for X ~ Binomial(n, p), 0 < p < 1, by the saddle point (Loader 2000), which keeps its
 * digits for large n.
 */
export function binomialMass(k: number, n: number, p: number): number {
  if (k === 0) return Math.exp(n * Math.log1p(-p));
  if (k === n) return Math.exp(n * Math.log(p));
  const rest = n - k;
  const deviance = k * Math.log(k / (n * p)) + rest * Math.log(rest / (n * (1 - p)));
  const errors = stirlingError(n) - stirlingError(k) - stirlingError(rest);
  return Math.sqrt(n / (2 * Math.PI * k * rest)) * Math.exp(errors - deviance);
}

/** P(X ≥ k) for X ~ Binomial(n, p): the regularized incomplete beta function I_p(k, n − k + 1). */
export function binomialTail(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  // Terms decrease from k on only above the mode. Below it, the other side is summed.
  if (k < (n + 1) * p) return 1 - binomialTail(n - k + 1, n, 1 - p);
  let term = binomialMass(k, n, p);
  let sum = term;
  for (let i = k; i < n && term > sum * 1e-17; i++) {
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
    sum += term;
  }
  return sum;
}
