import type { Attack, Neighborhood } from "../adversary/index.ts";
import type { Ats, DefenseLaw } from "../defenses/index.ts";
import type { Examples } from "../models/index.ts";
import type { Prior } from "../priors/index.ts";

/**
 * What an attack faces and what the user wishes: everything that an attack can take its assumptions
 * from.
 */
export interface Setting {
  /** The law of the defense. It is absent if nobody said what the client did. */
  readonly law?: DefenseLaw;
  /** What the defense does to images, if it changes them: the policies and not what was drawn. */
  readonly ats?: Ats;
  /** The prior that the user states, or the density of the data. */
  readonly prior?: { readonly prior: Prior; readonly name: string };
  /** Examples that are not attacked, for priors that are estimated from data. */
  readonly examples?: Examples;
  /**
   * The distance δ within which an input counts as recovered, and the space that δ is measured in.
   */
  readonly radius?: { readonly radius: number; readonly space: Neighborhood["space"] };
}

/** An attack of the catalogue before it knows what it faces. */
export interface AttackDeclaration {
  /**
   * How labels reach the attack if the user does not say. DLG searches for them jointly; other
   * attacks receive them.
   */
  readonly labels?: "recovered" | "joint";
  /** Whether the attack brings its own prior, so that the user cannot state one. */
  readonly fixesPrior: boolean;
  /**
   * Whether the attack assumes the law of the defense wherever that is known, so that it is adaptive
   * already. The default is no.
   */
  readonly takesLaw?: boolean;
  /**
   * Builds the attack.
   *
   * @throws LeakageError `spec` if the attack and the setting do not fit.
   */
  build(setting: Setting): Attack;
}
