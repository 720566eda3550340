import { fourier } from "./fft.ts";
import type { SampledGaussian } from "./sampled-gaussian.ts";
import { normalQuantile, normalSides, type Sides as Side } from "./standard-normal.ts";

/**
 * Which law is the truth: with the example (and the other one without it), or without it (and the
 * other one with it).
 */
export type Direction = "with" | "without";

/**
 * A law of the privacy loss on a grid that dominates the true one: masses at losses (first + i)·step,
 * and the mass at an infinite loss.
 */
interface GridLaw {
  readonly step: number;
  /** The first loss, in steps. */
  readonly first: number;
  readonly masses: Float64Array;
  readonly infinite: number;
}

/** The privacy profile of a mechanism: an upper bound of δ(ε) for every ε. */
export interface Profile {
  /** The largest P(E) − e^ε Q(E) of any event E, bounded from above. */
  delta(epsilon: number): number;
  /** The least ε ≥ 0 with δ(ε) ≤ dpDelta; Infinity if there is none. */
  epsilon(dpDelta: number): number;
  /**
   * The largest P(E) of an event with Q(E) ≤ κ, bounded from above: the least κ·e^ε + δ(ε) over ε,
   * and at most 1.
   */
  power(kappa: number): number;
}

/** The number of losses on the grid of the composition. Rounding up adds up over many steps. */
const gridSizeFor = (steps: number): number => (steps > 100_000 ? 2 ** 18 : 2 ** 16);

/** What one step of the mechanism says of a pair of laws P and Q, by the loss ln(dP/dQ). */
interface StepLaw {
  /** The outcome with a loss; ±∞ beyond all losses. */
  outcome(loss: number): number;
  /** The probabilities under P and under Q of an outcome on either side of one. */
  at(outcome: number): Sides;
  /** Whether the loss grows with the outcome; it falls otherwise. */
  readonly grows: boolean;
  /** The losses outside of which P has at most a mass of `tail` on either side. */
  range(tail: number): readonly [low: number, high: number];
}

/** Probabilities to be below and above some outcome. Either keeps its digits where it is small. */
interface Sides {
  readonly p: Side;
  readonly q: Side;
}

/** The probability between two outcomes, from the sides where it is less of a difference. */
const between = ([belowLow, aboveLow]: Side, [belowHigh, aboveHigh]: Side): number =>
  Math.max(0, aboveLow < 0.5 ? aboveLow - aboveHigh : belowHigh - belowLow);

/**
 * One step of the sampled Gaussian mechanism in units of C: N(0, z²) without the example, and (1 −
 * q) N(0, z²) + q N(1, z²) with it. The ratio of the densities, 1 − q + q·exp((2x − 1) / (2z²)), grows
 * with the outcome x.
 */
function stepOf({ multiplier: z, rate: q }: SampledGaussian, direction: Direction): StepLaw {
  /** ln(with / without) at an outcome. */
  const ratio = (x: number): number => {
    const exponent = (2 * x - 1) / (2 * z * z);
    if (q === 1) return exponent;
    return exponent > 0 ? exponent + Math.log(q + (1 - q) * Math.exp(-exponent)) : Math.log1p(q * Math.expm1(exponent));
  };
  /** The outcome with a ratio; −∞ below all ratios. */
  const outcome = (log: number): number => {
    // ln(e^log − (1 − q)), by factors where e^log is large.
    const rest = log > 0 ? log + Math.log1p(-(1 - q) * Math.exp(-log)) : Math.log(Math.max(0, Math.expm1(log) + q));
    return z * z * (rest - Math.log(q)) + 0.5;
  };
  const sides = (x: number) => {
    const [without, moved] = [normalSides(x / z), normalSides((x - 1) / z)];
    const withIt: Side = [(1 - q) * without[0] + q * moved[0], (1 - q) * without[1] + q * moved[1]];
    return direction === "with" ? { p: withIt, q: without } : { p: without, q: withIt };
  };
  if (direction === "with")
    return {
      outcome,
      at: sides,
      grows: true,
      range: (tail) => {
        const far = z * normalQuantile(tail);
        return [ratio(far), ratio(1 - far)];
      },
    };
  return {
    outcome: (loss) => outcome(-loss),
    at: sides,
    grows: false,
    range: (tail) => {
      const far = z * normalQuantile(tail);
      return [-ratio(-far), -ratio(far)];
    },
  };
}

/**
 * The law of the loss on a grid. What lies between two losses of the grid is divided between these
 * so that the masses of both laws stay what they are. Thus δ(ε) is exact on the grid, and above the
 * truth between: linear in e^ε, where the truth is convex (Doroshenko, Ghazi, Kamath, Kumar and
 * Manurangsi 2022, "Connect the dots"). Composition keeps the order of such profiles.
 */
function gridLaw({ outcome, at, grows, range }: StepLaw, size: number, tail: number): GridLaw {
  const [low, high] = range(tail);
  const first = Math.floor(low / size);
  const last = Math.max(first + 1, Math.ceil(high / size));
  const masses = new Float64Array(last - first + 1);
  let from = at(outcome(first * size));
  // What lies below the grid has losses above their own.
  masses[0] = grows ? from.p[0] : from.p[1];
  for (let i = 0; i < last - first; i++) {
    const loss = (first + i) * size;
    const to = at(outcome(loss + size));
    const p = grows ? between(from.p, to.p) : between(to.p, from.p);
    const q = grows ? between(from.q, to.q) : between(to.q, from.q);
    // p ≤ e^to·q, up to rounding. Where q is too small for a number, all goes up.
    const left = q > 0 ? p - Math.exp(loss + Math.log(q)) : p;
    const above = Math.min(p, Math.max(0, left / -Math.expm1(-size)));
    masses[i]! += p - above;
    masses[i + 1]! += above;
    from = to;
  }
  return { step: size, first, masses, infinite: grows ? from.p[1] : from.p[0] };
}

/** ln E[e^(λ·loss)] of one step, over finite losses. */
function logMoment({ step, first, masses }: GridLaw, lambda: number): number {
  // Powers of a factor below 1, so that nothing overflows.
  const [factor, last] = [Math.exp(-Math.abs(lambda) * step), masses.length - 1];
  let sum = 0;
  for (let i = 0; i <= last; i++) sum = sum * factor + masses[lambda > 0 ? i : last - i]!;
  return lambda * step * (lambda > 0 ? first + last : first) + Math.log(sum);
}

/** Exponents of Chernoff's bound, in units of one over the spread of the sum. */
const exponents = Array.from({ length: 20 }, (_, i) => 0.1 * 1.6 ** i);

/**
 * Losses between which the sum of some steps stays, but for a mass of at most `tail` on either side:
 * Chernoff's bound over some exponents.
 */
function sumRange(law: GridLaw, steps: number, tail: number): readonly [low: number, high: number] {
  const { step, first, masses } = law;
  const mean = masses.reduce((sum, mass, i) => sum + mass * step * (first + i), 0);
  const square = masses.reduce((sum, mass, i) => sum + mass * (step * (first + i) - mean) ** 2, 0);
  const spread = Math.sqrt(steps * Math.max(square, step ** 2 / 4));
  let [low, high] = [steps * step * first, steps * step * (first + masses.length - 1)];
  for (const exponent of exponents) {
    const lambda = exponent / spread;
    high = Math.min(high, (steps * logMoment(law, lambda) - Math.log(tail)) / lambda);
    low = Math.max(low, (steps * logMoment(law, -lambda) - Math.log(tail)) / -lambda);
  }
  return [low, Math.max(low, high)];
}

/** A sum of losses, on a grid, with what is known to be left out of it. */
interface Composed {
  readonly step: number;
  readonly first: number;
  readonly masses: Float64Array;
  /** The mass that counts as an infinite loss, and what arithmetic may have lost. */
  readonly infinite: number;
}

/** The law of a sum of independent losses, by the Fourier transform. */
function composed(law: GridLaw, steps: number, tail: number, gridSize: number): Composed {
  const { step, masses } = law;
  const [low] = sumRange(law, steps, tail);
  const first = Math.floor(low / step);
  const real = new Float64Array(gridSize);
  const imaginary = new Float64Array(gridSize);
  masses.forEach((mass, i) => {
    real[i % gridSize]! += mass;
  });
  fourier(real, imaginary);
  for (let i = 0; i < gridSize; i++) {
    const size = Math.hypot(real[i]!, imaginary[i]!) ** steps;
    const angle = steps * Math.atan2(imaginary[i]!, real[i]!);
    real[i] = size * Math.cos(angle);
    imaginary[i] = size * Math.sin(angle);
  }
  fourier(real, imaginary, true);
  // Place i is the sum steps·first + i, but for multiples of the grid's size.
  const shift = first - steps * law.first;
  const sums = Float64Array.from({ length: gridSize }, (_, i) => {
    const place = (((shift + i) % gridSize) + gridSize) % gridSize;
    return Math.max(0, real[place]! / gridSize);
  });
  // Sums beyond the grid come back at its low end, so their mass counts as infinite once more.
  const rounding = 2 ** -52 * (4 * steps + 8 * Math.sqrt(gridSize));
  return { step, first, masses: sums, infinite: -Math.expm1(steps * Math.log1p(-law.infinite)) + tail + rounding };
}

/**
 * The privacy profile of the sampled Gaussian mechanism, composed by the law of its privacy loss on
 * a grid. It is an upper bound: losses are divided so that δ(ε) grows, tails that are left out count
 * as infinite losses, and so does what rounding may have lost.
 *
 * @param direction which of the two laws is the truth. For (ε, δ) under add/remove adjacency, both
 * have to hold.
 * @param tail the mass that is given up beyond the grid, far below any δ of interest.
 */
export function lossProfile(mechanism: SampledGaussian, direction: Direction, tail = 1e-12): Profile {
  const { rate, steps } = mechanism;
  if (rate === 0 || steps === 0) return profileOf({ step: 1, first: 0, masses: Float64Array.of(1), infinite: 0 });
  const step = stepOf(mechanism, direction);
  const gridSize = gridSizeFor(steps);
  const own = tail / steps;
  const [low, high] = step.range(own);
  const width = Math.max(high - low, 1e-9);
  // A coarse grid tells how far the sum goes, and then a fine one has as many losses as fit.
  let size = width / 2 ** 11;
  for (const finest of [width / 2 ** 13, width / 2 ** 15]) {
    const [from, to] = sumRange(gridLaw(step, size, own), steps, tail);
    size = Math.max((1.01 * (to - from)) / gridSize, finest);
  }
  for (;;) {
    const law = gridLaw(step, size, own);
    const [from, to] = sumRange(law, steps, tail);
    if (to - from <= (gridSize - 4) * size) return profileOf(composed(law, steps, tail, gridSize));
    size *= 1.25;
  }
}

/** The profile of a law of losses. Between two losses of the grid δ(ε) is linear in e^ε. */
function profileOf({ step, first, masses, infinite }: Composed): Profile {
  // From the far end: the masses of P above a loss, and of Q relative to it.
  const p = new Float64Array(masses.length + 1);
  const q = new Float64Array(masses.length + 1);
  const falls = Math.exp(-step);
  for (let i = masses.length - 1; i >= 0; i--) {
    p[i] = p[i + 1]! + masses[i]!;
    // Of the losses from i on: the sum of masses·e^(loss of i − own loss).
    q[i] = q[i + 1]! * falls + masses[i]!;
  }
  const delta = (epsilon: number): number => {
    const place = Math.min(masses.length, Math.max(0, Math.ceil(epsilon / step - first)));
    return Math.min(1, infinite + Math.max(0, p[place]! - Math.exp(epsilon - step * (first + place)) * q[place]!));
  };
  const lossAt = (place: number): number => step * (first + place);
  return {
    delta,
    epsilon: (dpDelta) => {
      if (delta(0) <= dpDelta) return 0;
      if (infinite > dpDelta) return Infinity;
      let [low, high] = [0, Math.max(0, lossAt(masses.length))];
      for (;;) {
        const middle = (low + high) / 2;
        if (middle <= low || middle >= high) return high;
        if (delta(middle) > dpDelta) low = middle;
        else high = middle;
      }
    },
    power: (kappa) => {
      let least = 1;
      for (let place = 0; place < masses.length; place++) least = Math.min(least, kappa * Math.exp(lossAt(place)) + delta(lossAt(place)));
      return least;
    },
  };
}
