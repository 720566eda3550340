/** log n! for an integer n ≥ 0, or log Γ(n + 1) for a half-integer n ≥ ½. */
export function logFactorial(n: number): number {
  let log = 0;
  let factor = n;
  for (; factor > 0.5; factor--) log += Math.log(factor);
  // Γ(3/2) = √π / 2.
  return factor === 0.5 ? log + 0.5 * Math.log(Math.PI) - Math.LN2 : log;
}
