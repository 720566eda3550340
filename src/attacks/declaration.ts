import type { Attack } from "../adversary/index.ts";

/** An attack of the catalogue: what it assumes, in words, and how to build it once it is settled whether labels are known. */
export interface AttackDeclaration {
  readonly likelihood: string;
  readonly prior: string;
  /** Labels the attack settles on where the user does not say: DLG looks for them jointly, the others are given them. */
  readonly labels?: "recovered" | "joint";
  build(jointLabels: boolean): Attack;
}
