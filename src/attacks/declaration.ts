import type { Attack, Neighborhood } from "../adversary/index.ts";
import type { DefenseLaw } from "../defenses/index.ts";
import type { Examples } from "../models/index.ts";
import type { Prior } from "../priors/index.ts";

/**
 * What an attack is up against, and what the user wishes: all that it can take its assumption from.
 */
export interface Setting {
  /** The law of the defense; absent where nobody said what the client did. */
  readonly law?: DefenseLaw;
  /** The prior that the user states, or the data's own density. */
  readonly prior?: { readonly prior: Prior; readonly name: string };
  /** Examples that are not attacked, for priors that are estimated from data. */
  readonly examples?: Examples;
  /** The δ within which an input counts as recovered. */
  readonly radius?: { readonly radius: number; readonly space: Neighborhood["space"] };
}

/** An attack of the catalogue, before it is known what it is up against. */
export interface AttackDeclaration {
  /**
   * How labels reach the attack where the user does not say: DLG looks for them jointly, others are
   * given them.
   */
  readonly labels?: "recovered" | "joint";
  /** Whether the prior is the attack's own, so that the user cannot state one. */
  readonly fixesPrior: boolean;
  /**
   * Builds the attack.
   *
   * @throws LeakageError `spec` where the attack and the setting do not fit.
   */
  build(setting: Setting): Attack;
}
