import { LeakageError } from "../errors.ts";
import { bonferroni, clopperPearson, complement, type Interval } from "../metrics/index.ts";

/** A condition under which an audit fails, such as `recovered > 0.05`. */
export interface Gate {
  /** The condition as it was written, without outer spaces. */
  readonly text: string;
  /**
   * The share of images within δ of their original, or the share of the others: recovered = 1 −
   * risk.
   */
  readonly subject: "recovered" | "risk";
  /**
   * Which number of the interval is compared. A bare `recovered` means its upper end and a bare
   * `risk` its lower end: what can be ruled out, not what was seen.
   */
  readonly bound: keyof Interval;
  readonly operator: ">" | ">=" | "<" | "<=";
  /** A share from 0 to 1. */
  readonly threshold: number;
}

/** The verdict of a gate on one defense. */
export interface GateVerdict {
  readonly fails: boolean;
  /** The strongest attack, whose number the gate read. */
  readonly attack: string;
  readonly value: number;
}

const form = /^(recovered|risk)(?:\s*\.\s*(estimate|lower|upper))?\s*(>=?|<=?)\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)$/i;

/**
 * Parses a gate: `recovered` or `risk`, perhaps with `.estimate`, `.lower` or `.upper`, a
 * comparison, and a number from 0 to 1.
 *
 * @throws LeakageError `spec` for anything else.
 */
export function parseGate(text: string): Gate {
  const written = text.trim();
  const match = form.exec(written);
  const threshold = Number(match?.[4]);
  if (!match || !(threshold <= 1))
    throw new LeakageError(
      "spec",
      `A gate is "recovered" or "risk", perhaps with ".estimate", ".lower" or ".upper", then >, >=, < or <=, then a number from 0 to 1, ` +
        `such as "recovered > 0.05"; got ${JSON.stringify(written.length > 80 ? `${written.slice(0, 80)}…` : written)}.`,
    );
  const subject = match[1]!.toLowerCase() as Gate["subject"];
  const bound = (match[2]?.toLowerCase() ?? (subject === "recovered" ? "upper" : "lower")) as Gate["bound"];
  return { text: written, subject, bound, operator: match[3] as Gate["operator"], threshold };
}

/** The number that a gate compares, from the interval of the recovered share. */
const read = ({ subject, bound }: Gate, recovered: Interval): number =>
  (subject === "recovered" ? recovered : complement(recovered))[bound];

const compare: Record<Gate["operator"], (value: number, threshold: number) => boolean> = {
  ">": (value, threshold) => value > threshold,
  ">=": (value, threshold) => value >= threshold,
  "<": (value, threshold) => value < threshold,
  "<=": (value, threshold) => value <= threshold,
};

const failsAt = (gate: Gate, recovered: Interval): boolean => compare[gate.operator](read(gate, recovered), gate.threshold);

/**
 * Applies a gate to one defense, by the attack that recovers most.
 *
 * @param attacks at least one attack with the interval of its recovered share. Each interval is at
 * {@link bonferroni} of the confidence that is claimed for all together.
 */
export function judgeGate(gate: Gate, attacks: readonly { readonly attack: string; readonly recovered: Interval }[]): GateVerdict {
  const sign = gate.subject === "recovered" ? 1 : -1;
  const strongest = attacks.reduce((most, one) => (sign * read(gate, one.recovered) > sign * read(gate, most.recovered) ? one : most));
  return { fails: failsAt(gate, strongest.recovered), attack: strongest.attack, value: read(gate, strongest.recovered) };
}

/** The largest sample that is tried: a gate that needs more counts as one that never passes. */
const largestSample = 2 ** 40;

/**
 * Refuses a gate whose verdict does not depend on the measurements.
 *
 * @param n the number of independent draws, or clusters.
 * @param confidence the two-sided confidence of all attacks together.
 * @param attacks the number of attacks whose intervals share the confidence.
 * @throws LeakageError `spec` that names the smallest sample that could pass, if there is one.
 */
export function requireUsefulGate(gate: Gate, n: number, confidence: number, attacks: number): void {
  const each = bonferroni(confidence, attacks);
  // Every number that a gate reads grows, or falls, with the number of recovered draws: none and
  // all are its extremes.
  const outcomes = (draws: number) => [0, draws].map((recovered) => failsAt(gate, clopperPearson(recovered, draws, each)));
  const passes = (draws: number) => outcomes(draws).includes(false);
  const level = `two-sided ${+(100 * confidence).toPrecision(6)} %, ${attacks === 1 ? "one attack" : `${attacks} attacks`}`;
  if (!passes(n)) {
    const enough = passes(largestSample) ? ` It needs at least ${fewest(passes, n)} (${level}).` : " No number of draws is enough.";
    throw new LeakageError("spec", `The gate "${gate.text}" could never pass with ${n} independent draws.${enough}`);
  }
  if (!outcomes(n).includes(true))
    throw new LeakageError("spec", `The gate "${gate.text}" could never fail with ${n} independent draws (${level}).`);
}

/** The smallest sample above `n` that can pass. More draws never make it harder to pass. */
function fewest(passes: (draws: number) => boolean, n: number): number {
  let [low, high] = [n, largestSample];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passes(middle)) high = middle;
    else low = middle;
  }
  return high;
}
