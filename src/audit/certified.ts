import { z } from "zod";
import { reconstructionBound } from "../accounting/index.ts";
import type { Dataset } from "../data/index.ts";
import { privacyOf } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import type { Interval } from "../metrics/index.ts";
import { measuredIn, type Scenario } from "../scenario/index.ts";
import { type LargestMass, largestMassFrom } from "./largest-mass.ts";
import { defaultDpDelta, dpDeltaNotes, privacyOfOne, privacySchema } from "./privacy-fields.ts";

const probability = z.number().min(0).max(1);

/** What the result of an audit says of the privacy of each defense. */
export const certifiedSchema = z.array(
  z
    .strictObject({
      defense: z.string().min(1),
      privacy: privacySchema.nullable().describe("The differential privacy of one update; null if the defense gives none."),
      estimate: probability.nullable().describe("The bound at the estimate of κ, which is no bound itself; null if nothing is certified."),
      upper: probability
        .nullable()
        .describe(
          "What the share of recovered images is at most, for every attacker with this prior: Φ(Φ⁻¹(guesses · κ) + 1/z) at the upper end of κ. null if nothing is certified.",
        ),
      kappa: z
        .strictObject({
          estimate: probability.describe("A plain estimate of κ, from the public images around one of them."),
          upper: probability.describe(
            "The upper end of κ: for sure where it is known, otherwise with the confidence of the audit's intervals.",
          ),
          examples: z.int().nonnegative().describe("The number of public images behind it; 0 where κ is known."),
          guesses: z
            .int()
            .positive()
            .describe("The number of answers that an attacker has for each image, which are those for the whole batch."),
        })
        .nullable()
        .describe("κ, the largest mass of a ball of radius δ under the prior, given the labels if the attacker gets them."),
      reason: z.string().nullable().describe("Why nothing is certified; null if something is."),
    })
    .describe("What one defense certifies against every attacker."),
);
export type Certified = z.output<typeof certifiedSchema>;

/** What certificates are made from. */
export interface Certifying {
  /** One scenario per defense. */
  readonly scenarios: readonly Scenario[];
  readonly data: Dataset<readonly number[]>;
  readonly publicData?: Dataset<readonly number[]>;
  /** κ, where the prior is known; see {@link largestMassFrom}. */
  readonly kappa?: number;
  /** The two-sided confidence of the interval whose upper end κ is. */
  readonly confidence: number;
  /** The δ of (ε, δ)-differential privacy. */
  readonly dpDelta?: number;
  /** The largest number of public examples from which κ is bounded. The default is 500. */
  readonly mostPublic?: number;
}

const noPrior = "nobody knows how likely a guess is: the data has no public images of a second split, from which κ would be estimated";

/**
 * What each defense certifies of one update, if any of them is private or adds noise that lacks a
 * bound for it. Undefined otherwise. The bound is `reconstructionBound`; the attacker knows the
 * network, the defense, the prior, and all but one image of the batch. In a batch of B images an
 * image counts as recovered if the one of B answers that is matched with it is near, so the attacker
 * has B guesses, and a union of B balls has at most B times the mass of one.
 */
export function certify(given: Certifying): Certified | undefined {
  const { scenarios, dpDelta = defaultDpDelta } = given;
  const stated = scenarios.map(({ defense }) => privacyOf(defense));
  if (stated.every((one) => "reason" in one && !one.noisy)) return undefined;
  const mass = stated.some((one) => !("reason" in one)) ? massOf(given) : undefined;
  const { batchSize } = scenarios[0]!;
  return scenarios.map(({ defense: { name } }, i) => {
    const privacy = stated[i]!;
    const nothing = { defense: name, privacy: null, estimate: null, upper: null, kappa: null };
    if ("reason" in privacy) return { ...nothing, reason: privacy.reason };
    const spent = privacyOfOne(privacy, dpDelta);
    if (!mass) return { ...nothing, privacy: spent, reason: noPrior };
    const bound = (kappa: number) =>
      reconstructionBound({ multiplier: privacy.multiplier, rate: 1, steps: 1 }, Math.min(1, batchSize * kappa));
    return {
      defense: name,
      privacy: spent,
      estimate: bound(mass.estimate),
      upper: bound(mass.upper),
      kappa: { ...mass, guesses: batchSize },
      reason: null,
    };
  });
}

/** κ from what is known of the prior; undefined if nothing is. */
function massOf({ scenarios, data, publicData, kappa, confidence, mostPublic: most }: Certifying): LargestMass | undefined {
  const { labels, score } = scenarios[0]!;
  const knowsLabels = labels === "known";
  const known = kappa ?? knownMass(data, score.delta, knowsLabels);
  if (known !== undefined) return { estimate: known, upper: known, examples: 0 };
  if (!publicData) return undefined;
  return largestMassFrom({
    examples: publicData,
    knowsLabels,
    measured: measuredIn(scenarios[0]!),
    delta: score.delta,
    confidence,
    ...(most === undefined ? {} : { most }),
  });
}

/**
 * κ where the law of the data is known. Given labels, each ball counts its own label alone, so the
 * sum over the labels is at most their number times the mass of the largest ball.
 */
function knownMass({ largestMass, classes }: Dataset<readonly number[]>, delta: number, knowsLabels: boolean): number | undefined {
  const mass = largestMass?.(delta);
  return mass === undefined ? undefined : Math.min(1, mass * (knowsLabels ? classes.length : 1));
}

/**
 * Sentences about what is certified: a δ that is too large, and attacks that recover more than the
 * certificate allows, by the lower end of their interval. Then something that it takes for granted
 * is wrong.
 */
export function certifiedNotes(
  cells: readonly { readonly defense: string; readonly attack: string; readonly recovered: Interval }[],
  certified: Certified,
  batchSize: number,
): readonly string[] {
  const dpDelta = certified.find(({ privacy }) => privacy)?.privacy?.dpDelta;
  const exceeded = cells.flatMap(({ defense, attack, recovered }) => {
    const upper = certified.find((one) => one.defense === defense)?.upper ?? 1;
    if (recovered.lower <= upper) return [];
    return [
      `Warning: ${attack} behind ${defense} recovers at least ${recovered.lower.toPrecision(3)}, more than the ${upper.toPrecision(3)} that is certified. So something that the certificate takes for granted is wrong: public images may not be like the private ones, or the weights may know these.`,
    ];
  });
  return [...(dpDelta === undefined ? [] : dpDeltaNotes(dpDelta, batchSize)), ...exceeded];
}

/**
 * Refuses questions about privacy that some defense has no answer to.
 *
 * @param asked what asks: the flag or the gate.
 * @throws LeakageError `spec` that names the defense and what is missing.
 */
export function requirePrivate(scenarios: readonly Pick<Scenario, "defense">[], asked: string): void {
  for (const { defense } of scenarios) {
    const stated = privacyOf(defense);
    if ("reason" in stated)
      throw new LeakageError(
        "spec",
        `${asked} is about differential privacy, and --defense ${defense.name} gives none: ${stated.reason}. Give a private defense, such as dp-sgd:norm=1,multiplier=1.`,
      );
  }
}

/** @throws LeakageError `spec` for a gate about certificates where κ is not known. */
export function requireKappa({ data, publicData, kappa }: Pick<Certifying, "data" | "publicData" | "kappa">, gate: string): void {
  if (kappa === undefined && !data.largestMass && !publicData)
    throw new LeakageError("spec", `The gate "${gate}" cannot be read: ${noPrior}. Put the images into subfolders train and test.`);
}
