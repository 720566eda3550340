import { type Defense, lawOf } from "./defense.ts";
import type { Privacy } from "./privacy.ts";

/** A defense that gives no differential privacy, and why. */
export interface Unprotected {
  /** A sentence, without the full stop. */
  readonly reason: string;
  /** Whether the update has noise of a known law, to which only a bound is missing. */
  readonly noisy: boolean;
}

/**
 * The differential privacy that a defense states for what a client sends in one round, or why it
 * gives none. Steps on the update change it in order. Steps on the batch act before all of them, and
 * keep it if they change each example by itself. Steps on the model see no examples.
 *
 * @example
 * ```ts
 * const stated = privacyOf(defenses.build("dp-sgd:norm=1,multiplier=0.5"));
 * if ("reason" in stated) console.log(stated.reason);
 * else console.log(stated.multiplier);
 * ```
 */
export function privacyOf(defense: Defense): Privacy | Unprotected {
  const { steps } = defense;
  const given = steps.reduce<{ readonly privacy?: Privacy | undefined; readonly lost?: string }>(({ privacy, lost }, step) => {
    if (!step.onUpdate) return { privacy, ...(lost === undefined ? {} : { lost }) };
    const after = step.privacy?.(privacy);
    return { privacy: after, ...(privacy && !after ? { lost: step.name } : {}) };
  }, {});
  const mixing = steps.find(({ onImages, eachExample }) => onImages && !eachExample);
  if (given.privacy && !mixing) return given.privacy;
  if (mixing && given.privacy)
    return {
      reason: `${mixing.name} changes the batch as a whole, so one example may move the update by more than the clip of a single one`,
      noisy: false,
    };
  if (given.lost !== undefined)
    return {
      reason: `${given.lost} looks at the private batch after the noise was added, which gives away what the noise hides`,
      noisy: false,
    };
  return withoutMechanism(defense);
}

function withoutMechanism(defense: Defense): Unprotected {
  if (defense.steps.length === 0) return { reason: "without a defense the update has no noise", noisy: false };
  const law = lawOf(defense);
  if (law.kind === "deterministic")
    return { reason: "it adds no noise, so two batches give two updates that anybody tells apart", noisy: false };
  if (law.kind === "unknown") return { reason: `it states no private mechanism (${law.reason})`, noisy: false };
  return {
    reason:
      "nothing bounds how far one example moves the update before its noise comes. What would be needed is a clip of each example's gradient before normal noise, as dp-sgd:norm=C,multiplier=z has it",
    noisy: true,
  };
}
