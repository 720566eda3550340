import type { NamedAttack, Scenario } from "../scenario/index.ts";

/** One defense with one attack on it. */
export interface Cell {
  readonly scenario: Scenario;
  readonly attack: NamedAttack;
}

/**
 * All pairs of a defense and an attack: the attacks on the first defense, then those on the next.
 */
export const cellsOf = ({ scenarios }: { readonly scenarios: readonly Scenario[] }): readonly Cell[] =>
  scenarios.flatMap((scenario) => scenario.attacks.map((attack) => ({ scenario, attack })));
