import { requireMechanism, type SampledGaussian } from "./sampled-gaussian.ts";
import { logNormalCdf } from "./standard-normal.ts";

/** The orders α of the accountant: those of Opacus, 1.1 to 10.9 by tenths and 12 to 63. */
const orders: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 52 }, (_, i) => 12 + i),
];

/** An ε from Rényi divergences, with the order that gives it. */
export interface RdpSpent {
  readonly epsilon: number;
  /** The order α with the least ε. */
  readonly order: number;
}

/**
 * The Rényi divergence of order α > 1 of one step of the sampled Gaussian mechanism: ln A_α / (α −
 * 1) with A_α = E_{x ~ N(0, z²)}[(1 − q + q·r(x))^α] and r(x) = exp((2x − 1) / (2z²)). That is the
 * larger one of the two directions (Mironov, Talwar and Zhang 2019, "Rényi differential privacy of
 * the sampled Gaussian mechanism", theorems 4 and 5).
 */
function rdpOfStep({ multiplier, rate }: Pick<SampledGaussian, "multiplier" | "rate">, order: number): number {
  if (rate === 0) return 0;
  if (rate === 1) return order / (2 * multiplier ** 2);
  const log = Number.isInteger(order) ? logMomentWhole(rate, multiplier, order) : logMoment(rate, multiplier, order);
  return log / (order - 1);
}

/** ln(eᵃ + eᵇ). */
function logSum(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === -Infinity ? high : high + Math.log1p(Math.exp(low - high));
}

/** ln A_α of a whole α by the binomial theorem (section 3.3): E[r(x)ⁱ] = exp((i² − i) / (2z²)). */
function logMomentWhole(q: number, z: number, order: number): number {
  let total = -Infinity;
  let binomial = 0;
  for (let i = 0; i <= order; i++) {
    if (i > 0) binomial += Math.log((order - i + 1) / i);
    total = logSum(total, binomial + i * Math.log(q) + (order - i) * Math.log1p(-q) + (i * i - i) / (2 * z * z));
  }
  return total;
}

/** The terms of an alternating series that are evaluated: they leave an error of 5.8⁻²⁴ of its sum. */
const alternating = 24;

/**
 * ln A_α of any α (section 3.3). At z₀ both parts of the mixture are equal, q·r(z₀) = 1 − q. Below
 * z₀ the series of powers of q·r / (1 − q) converges, above it that of the inverse. Each term is a
 * part of a normal law's moment: E[rⁱ; x < z₀] = exp((i² − i) / (2z²)) Φ((z₀ − i) / z). From the
 * first i above α on, signs alternate.
 */
function logMoment(q: number, z: number, order: number): number {
  const crossing = z * z * (Math.log1p(-q) - Math.log(q)) + 0.5;
  const moment = (power: number) => (power * power - power) / (2 * z * z);
  const first = Math.floor(order) + 1;
  let whole = -Infinity;
  let binomial = 0;
  const logs: number[] = [];
  for (let i = 0; i < first + alternating; i++) {
    if (i > 0) binomial += Math.log(Math.abs((order - i + 1) / i));
    const j = order - i;
    const below = binomial + i * Math.log(q) + j * Math.log1p(-q) + moment(i) + logNormalCdf((crossing - i) / z);
    const above = binomial + j * Math.log(q) + i * Math.log1p(-q) + moment(j) + logNormalCdf((j - crossing) / z);
    if (i < first) whole = logSum(whole, logSum(below, above));
    else logs.push(logSum(below, above));
  }
  // The terms decrease, and their sum is positive.
  const [largest] = logs;
  return largest === -Infinity ? whole : logSum(whole, largest! + Math.log(alternatingSum(logs.map((log) => Math.exp(log - largest!)))));
}

/**
 * a₀ − a₁ + a₂ − … of a sequence of moments, such as these: binomial coefficients times powers of a
 * variable in [0, 1] (Cohen, Rodriguez Villegas and Zagier 2000, algorithm 1).
 */
function alternatingSum(terms: readonly number[]): number {
  const n = terms.length;
  const scale = (3 + Math.SQRT2 * 2) ** n;
  const d = (scale + 1 / scale) / 2;
  let [b, c, sum] = [-1, -d, 0];
  for (const [k, term] of terms.entries()) {
    c = b - c;
    sum += c * term;
    b *= ((k + n) * (k - n)) / ((k + 0.5) * (k + 1));
  }
  return sum / d;
}

/**
 * The ε of (ε, δ)-differential privacy from Rényi divergences ρ(α): the least of ρ(α) + ln((α − 1) /
 * α) − (ln δ + ln α) / (α − 1) over the orders, which are Opacus's (Balle, Barthe, Gaboardi, Hsu and
 * Sato 2020, theorem 21). Divergences of steps add up. It is never below 0, which every mechanism
 * with a negative value satisfies as well.
 *
 * @param dpDelta δ, in (0, 1).
 * @throws LeakageError `spec` for a number out of its range.
 */
export function spentByRdp(mechanism: SampledGaussian, dpDelta: number): RdpSpent {
  requireMechanism(mechanism, dpDelta);
  const all = orders.map((order): RdpSpent => {
    const divergence = mechanism.steps * rdpOfStep(mechanism, order);
    return { epsilon: divergence + Math.log1p(-1 / order) - (Math.log(dpDelta) + Math.log(order)) / (order - 1), order };
  });
  const { epsilon, order } = all.reduce((best, one) => (one.epsilon < best.epsilon ? one : best));
  return { epsilon: Math.max(0, epsilon), order };
}
