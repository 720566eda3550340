/** What is known about the classes in one batch. All arrays have one entry per class. */
export interface CountsGiven {
  /** An estimate of s · (mean of a(x) − share of the class) with an unknown factor s > 0. */
  readonly residual: Float64Array;
  /** The variance of that estimate; Infinity where nothing is known. */
  readonly variance: Float64Array;
  /** The mean of a(x) over images of each class, [classes, classes]: one row per true class. */
  readonly expected: readonly Float64Array[];
  /** Classes that are in the batch for certain. */
  readonly certain: readonly number[];
  /** Classes that are hardly in the batch: they are taken only if there are not enough others. */
  readonly absent: readonly number[];
}

/**
 * How often each class occurs in a batch of B images. For counts n the residual is expected to be
 * s · (1/B) Σ_k n_k (a_k − e_k), where a_k is the mean of a(x) over images of class k. The factor s
 * is unknown, as it is after clipping, so the counts whose direction fits best are taken:
 *
 *   max ⟨r, t(n)⟩² / ‖t(n)‖² with ⟨r, t(n)⟩ > 0
 *
 * in the inner product that weights entries by the inverse of their variance. The search adds one
 * image after the other, and then moves single images between classes until nothing improves.
 *
 * @param most the largest number of images of one class.
 * @returns the counts, one per class, which add up to B.
 */
export function labelCounts({ residual, variance, expected, certain, absent }: CountsGiven, batchSize: number, most: number): Int32Array {
  const classes = residual.length;
  const weights = Float64Array.from(variance, (own) => (Number.isFinite(own) ? 1 / own : 0));
  const templates = expected.map((row, k) => row.map((mean, c) => mean - Number(c === k)));
  const inner = (one: Float64Array, other: Float64Array) => one.reduce((sum, entry, c) => sum + weights[c]! * entry * other[c]!, 0);
  const agreement = Float64Array.from(templates, (template) => inner(residual, template));
  const norms = templates.map((template) => Math.sqrt(inner(template, template)));
  // Only classes that agree best can be in the batch. A bound keeps a thousand classes cheap.
  const byAgreement = Array.from({ length: classes }, (_, k) => k).sort(
    (i, j) => cosine(agreement[j]!, norms[j]!) - cosine(agreement[i]!, norms[i]!) || i - j,
  );
  const bounded = Math.max(32, 2 * batchSize + 8);
  const likely = byAgreement.filter((k) => !absent.includes(k));
  const others = byAgreement.filter((k) => absent.includes(k));
  const chosen = [...new Set([...certain, ...likely.slice(0, bounded)])];
  const missing = Math.ceil(batchSize / most) - chosen.length;
  const tried = [...chosen, ...others.slice(0, Math.max(0, missing))].sort((i, j) => i - j);
  const gram = tried.map((i) => tried.map((j) => inner(templates[i]!, templates[j]!)));
  const counts = new Int32Array(tried.length);
  /** ⟨t, t_k⟩ for each class that is tried, where t is the sum of the templates so far. */
  const along = new Float64Array(tried.length);
  let reached = 0;
  let square = 0;
  const change = (k: number, by: 1 | -1) => {
    square += 2 * by * along[k]! + gram[k]![k]!;
    reached += by * agreement[tried[k]!]!;
    for (let j = 0; j < tried.length; j++) along[j]! += by * gram[k]![j]!;
    counts[k]! += by;
  };
  const matched = (sum: number, norm: number) => (sum <= 0 ? sum : norm <= 0 ? 0 : sum ** 2 / norm);
  /** The agreement after one more image of class k, and perhaps one fewer of class out. */
  const fitWith = (k: number, out?: number): number => {
    const sum = reached + agreement[tried[k]!]! - (out === undefined ? 0 : agreement[tried[out]!]!);
    const cross = out === undefined ? 0 : -2 * along[out]! - 2 * gram[k]![out]! + gram[out]![out]!;
    return matched(sum, square + 2 * along[k]! + gram[k]![k]! + cross);
  };
  const best = (out?: number) => {
    let [chosen, value] = [-1, Number.NEGATIVE_INFINITY];
    for (let k = 0; k < tried.length; k++) {
      if (k === out || counts[k]! >= most) continue;
      const own = fitWith(k, out);
      if (own > value) [chosen, value] = [k, own];
    }
    return { chosen, value };
  };
  const bound = new Set(certain.slice(0, batchSize).map((k) => tried.indexOf(k)));
  for (const k of bound) change(k, 1);
  for (let i = bound.size; i < batchSize; i++) change(best().chosen, 1);
  for (let moves = 0; moves < 4 * batchSize; moves++) {
    let improved: { readonly from: number; readonly to: number; readonly value: number } | undefined;
    const now = matched(reached, square);
    for (let from = 0; from < tried.length; from++) {
      if (counts[from]! <= (bound.has(from) ? 1 : 0)) continue;
      const { chosen, value } = best(from);
      if (chosen >= 0 && value > (improved?.value ?? now + 1e-9 * Math.abs(now))) improved = { from, to: chosen, value };
    }
    if (!improved) break;
    change(improved.from, -1);
    change(improved.to, 1);
  }
  const all = new Int32Array(classes);
  tried.forEach((k, i) => {
    all[k] = counts[i]!;
  });
  return all;
}

const cosine = (agreement: number, norm: number): number => (norm > 0 ? agreement / norm : Number.NEGATIVE_INFINITY);
