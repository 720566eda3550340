import type { AssumptionAndSearch, LabelRule, Neighborhood } from "../adversary/index.ts";
import type { Defense, Likelihood } from "../defenses/index.ts";
import type { Examples } from "../models/index.ts";
import type { Prior } from "../priors/index.ts";

/** What is known of the client and of the user's wishes when an attack is built. */
export interface Setting {
  /** Labels are looked for together with the images. */
  readonly jointLabels: boolean;
  /** The law of the defense that is there, where it has one. */
  readonly likelihood?: Likelihood;
  /** Where it has none because it adds no noise: a Gaussian around what the batch would send; see {@link Defense.narrow}. */
  readonly narrow?: Defense["narrow"];
  /** The prior that the user states, or the data's own density. */
  readonly prior?: { readonly prior: Prior; readonly name: string };
  /** Pictures that are not attacked, for priors that are estimated from data. */
  readonly examples?: Examples;
  /** The δ within which an image counts as recovered: ball and risk share it. */
  readonly radius?: { readonly radius: number; readonly space: Neighborhood["space"] };
}

/** What an attack takes for granted, in words and numbers, for results. */
export interface Assumed {
  readonly law: string;
  readonly prior: string;
  /** Radius δ of the ball; 0 for a point. */
  readonly radius: number;
  /** k, the points in the ball; 1 for a point. */
  readonly samples: number;
}

/** An attack, ready to run. */
export interface AssumedAttack extends AssumptionAndSearch {
  readonly assumes: Assumed;
  /** How labels are read off an update of several images, where the method says so. */
  readonly labelRule?: LabelRule;
}

/** An attack of the catalogue, before it is known what it is up against. */
export interface AttackDeclaration {
  /** Labels the attack settles on where the user does not say: DLG looks for them jointly, the others are given them. */
  readonly labels?: "recovered" | "joint";
  /** Whether the prior is the attack's own, so that the user cannot state one. */
  readonly fixesPrior: boolean;
  /**
   * Builds the attack.
   *
   * @throws LeakageError `spec` where the attack and the setting do not fit.
   */
  build(setting: Setting): AssumedAttack;
}
