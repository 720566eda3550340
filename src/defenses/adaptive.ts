import type { UnknownLaw } from "./law/law.ts";
import type { Step } from "./step.ts";

/** The strongest attack on a defense that is known, by one who knows that the client uses it. */
export type Adaptive =
  /** Bayes with the law of the defense. */
  | { readonly kind: "law" }
  /** An attack of the catalogue that was made for the defense, by its kind. */
  | { readonly kind: "tailored"; readonly attack: string }
  | {
      readonly kind: "none";
      /** The reason, as words that can follow "there is no adaptive attack:". */
      readonly reason: string;
    };

/**
 * The adaptive attack on a defense: the one that it names, else Bayes with its law, else none where
 * nobody knows that law.
 */
export function adaptiveTo(
  { steps, adaptive }: { readonly steps: readonly Step[]; readonly adaptive?: Adaptive },
  law: { readonly kind: "known" | "deterministic" } | UnknownLaw,
): Adaptive {
  if (adaptive) return adaptive;
  if (steps.length === 0) return { kind: "none", reason: "the client has no defense" };
  return law.kind === "unknown" ? { kind: "none", reason: `the law of this defense is not known: ${law.reason}` } : { kind: "law" };
}

/** The adaptive attack that the links of a chain name together; undefined where none names one. */
export function adaptiveToAll(links: readonly { readonly adaptive?: Adaptive }[]): Adaptive | undefined {
  const named = links.flatMap(({ adaptive }) => adaptive ?? []);
  if (named.length < 2) return named[0];
  return { kind: "none", reason: "several defenses of the chain have attacks of their own, and nobody has combined these" };
}
