import { LeakageError } from "../errors.ts";
import { bonferroni, clopperPearson, complement, type Interval } from "../metrics/index.ts";

/** A condition under which an audit fails, such as `recovered > 0.05`. */
export interface Gate {
  /** The condition as it was written, without outer spaces. */
  readonly text: string;
  /**
   * `recovered`: the share of images within δ of their original. `risk`: the share of the others.
   * `searchFailed` and `undetermined`: the shares of draws that were not recovered because of the
   * search, or because of the update. `certified`: what the defense certifies that the recovered
   * share is at most, whoever attacks.
   */
  readonly subject: "recovered" | "risk" | "searchFailed" | "undetermined" | "certified";
  /**
   * Which number of the interval is compared. A bare `risk` means its lower end, and any other bare
   * subject its upper end: what can be ruled out, not what was seen.
   */
  readonly bound: keyof Interval;
  readonly operator: ">" | ">=" | "<" | "<=";
  /** A share from 0 to 1. */
  readonly threshold: number;
}

/** The verdict of a gate on one defense. */
export interface GateVerdict {
  readonly fails: boolean;
  /** The strongest attack, whose number the gate read; {@link anyAttacker} for a certificate. */
  readonly attack: string;
  readonly value: number;
}

/** Who a certificate is about, in the place of an attack. */
export const anyAttacker = "any attacker";

const subjects = ["recovered", "risk", "searchFailed", "undetermined", "certified"] as const;
const form =
  /^(recovered|risk|searchFailed|undetermined|certified)(?:\s*\.\s*(estimate|lower|upper))?\s*(>=?|<=?)\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)$/i;

/**
 * Parses a gate: `recovered`, `risk`, `searchFailed`, `undetermined` or `certified`, perhaps with
 * `.estimate`, `.lower` or `.upper`, a comparison, and a number from 0 to 1. A certificate has no
 * lower end.
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
      `A gate is "recovered", "risk", "searchFailed", "undetermined" or "certified", perhaps with ".estimate", ".lower" or ".upper", then >, >=, < or <=, then a number from 0 to 1, ` +
        `such as "recovered > 0.05"; got ${JSON.stringify(written.length > 80 ? `${written.slice(0, 80)}…` : written)}.`,
    );
  const subject = subjects.find((one) => one.toLowerCase() === match[1]!.toLowerCase())!;
  const bound = (match[2]?.toLowerCase() ?? (subject === "risk" ? "lower" : "upper")) as Gate["bound"];
  if (subject === "certified" && bound === "lower")
    throw new LeakageError(
      "spec",
      `A certificate is an upper bound and has no lower end: write "certified" or "certified.estimate" in the gate "${written}".`,
    );
  return { text: written, subject, bound, operator: match[3] as Gate["operator"], threshold };
}

/**
 * The number that a gate compares, from the interval of the recovered share or, if the gate is about
 * another share, of that share.
 */
const read = ({ subject, bound }: Gate, share: Interval): number => (subject === "risk" ? complement(share) : share)[bound];

/** Whether passing the gate says that little comes back. Such a claim needs attacks that work. */
export const claimsSafety = ({ subject, operator }: Gate): boolean =>
  (subject === "recovered" && operator.startsWith(">")) || (subject === "risk" && operator.startsWith("<"));

const compare: Record<Gate["operator"], (value: number, threshold: number) => boolean> = {
  ">": (value, threshold) => value > threshold,
  ">=": (value, threshold) => value >= threshold,
  "<": (value, threshold) => value < threshold,
  "<=": (value, threshold) => value <= threshold,
};

const failsAt = (gate: Gate, share: Interval): boolean => compare[gate.operator](read(gate, share), gate.threshold);

/**
 * Applies a gate to one defense, by the attack that recovers most or has the largest share.
 *
 * @param attacks at least one attack with the interval of its recovered share or, if the gate is
 * about another share, of that share. Each interval is at {@link bonferroni} of the confidence that
 * is claimed for all together.
 */
export function judgeGate(gate: Gate, attacks: readonly { readonly attack: string; readonly share: Interval }[]): GateVerdict {
  const sign = gate.subject === "risk" ? -1 : 1;
  const strongest = attacks.reduce((most, one) => (sign * read(gate, one.share) > sign * read(gate, most.share) ? one : most));
  return { fails: failsAt(gate, strongest.share), attack: strongest.attack, value: read(gate, strongest.share) };
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
  if (gate.subject === "certified") {
    requireReachable(gate);
    return;
  }
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

/** @throws LeakageError `spec` for a gate that no certificate passes, or that none fails. */
function requireReachable(gate: Gate): void {
  const fails = [0, 1].map((share) => failsAt(gate, { estimate: share, lower: share, upper: share }));
  if (fails[0] === fails[1])
    throw new LeakageError(
      "spec",
      `The gate "${gate.text}" could never ${fails[0] ? "pass" : "fail"}: a certificate lies between 0 and 1.`,
    );
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
