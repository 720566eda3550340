import { defenses, type Likelihood, lawOf } from "../../src/defenses/index.ts";

/** The likelihood of a defense whose law is known. */
export function likelihoodOf(defense: string): Likelihood {
  const law = lawOf(defenses.build(defense));
  if (law.kind === "known") return law.likelihood;
  throw new Error(`the law of ${defense} is ${law.kind}`);
}
