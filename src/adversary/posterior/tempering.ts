/** The share of effective weights that a raise of β leaves. */
const kept = 0.9;

/** The first β that the schedule asks for if the weights do not. */
const coldest = 1e-4;

/**
 * The effective share of weights exp(step · logs), from 0 to 1 (Kish): 1 where all are equal.
 */
export function effectiveShare(logs: readonly number[], step: number): number {
  const most = Math.max(...logs);
  let [sum, squares] = [0, 0];
  for (const log of logs) {
    const weight = Math.exp(step * (log - most));
    sum += weight;
    squares += weight * weight;
  }
  return (sum * sum) / (squares * logs.length);
}

/**
 * The next exponent β of an annealing: the highest at which the weights of the chains stay
 * effective, but at least what a schedule asks for that ends at 1 in time.
 *
 * @param gains log p(g | x) + log p(x) − log q(x) of each chain.
 * @param part the part of the annealing that is over after this step, from 0 to 1.
 */
export function nextHeat(heat: number, gains: readonly number[], part: number): number {
  const least = Math.min(1, coldest ** (1 - part));
  if (effectiveShare(gains, 1 - heat) >= kept) return 1;
  let [low, high] = [heat, 1];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (effectiveShare(gains, middle - heat) >= kept) low = middle;
    else high = middle;
  }
  return Math.max(low, least);
}

/**
 * The chain that each chain goes on from: as many copies of every chain as its weight asks for, up
 * to rounding (systematic resampling). Copies stand side by side.
 *
 * @param logs the logarithms of the weights.
 * @param u a number in [0, 1) that decides the rounding.
 */
export function ancestors(logs: readonly number[], u: number): readonly number[] {
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const chosen: number[] = [];
  let passed = 0;
  weights.forEach((weight, i) => {
    passed += (weight / total) * logs.length;
    while (chosen.length < logs.length && chosen.length + u < passed) chosen.push(i);
  });
  while (chosen.length < logs.length) chosen.push(logs.length - 1);
  return chosen;
}
