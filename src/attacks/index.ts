import type { Attack } from "../adversary/index.ts";
import type { Adaptive } from "../defenses/index.ts";
import { catalogue, concise, type PartSpec } from "../parts/index.ts";
import { adaptedFrom } from "./adapted.ts";
import { auto } from "./auto.ts";
import { bayes } from "./bayes.ts";
import type { Setting } from "./declaration.ts";
import { dlg, idlg } from "./dlg.ts";
import { exact } from "./exact.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";
import { peeling } from "./peeling.ts";
import { posterior } from "./posterior.ts";
import { onAts } from "./tailored/on-ats.ts";
import { onPrecode } from "./tailored/on-precode.ts";
import { onSoteria } from "./tailored/on-soteria.ts";

/**
 * The catalogue of attacks. `build` returns a declaration, whose own `build` takes the setting that
 * the attack faces: the law of the defense, a prior, public examples, the radius of the score.
 * `attackOf` does both.
 *
 * @example
 * ```ts
 * const prior = { prior: priors.build("gaussian"), name: "gaussian" };
 * const law = lawOf(defenses.build("laplacian:scale=0.1"));
 * const adaptive = attacks.build("bayes:steps=200").build({ law, prior });
 * ```
 */
export const attacks = catalogue("attack", [
  auto,
  bayes,
  dlg,
  exact,
  gradinversion,
  idlg,
  invertingGradients,
  onAts,
  onPrecode,
  onSoteria,
  peeling,
  posterior,
]);

/**
 * An attack of the catalogue as an object, with its name.
 *
 * @param spec flag text such as `bayes:steps=300`, or `{ kind, ...params }`.
 * @param setting what the attack faces: the law of the defense, a prior.
 * @throws LeakageError `spec` for an unknown attack or parameter, or an attack that does not fit
 * the setting.
 *
 * @example
 * ```ts
 * const blind = attackOf("inverting-gradients:steps=300");
 * const adaptive = attackOf("bayes:steps=200,prior=tv", { law: lawOf(defense) });
 * ```
 */
export function attackOf(spec: string | PartSpec, setting: Setting = {}): Attack & { readonly name: string } {
  const parsed = attacks.parse(spec);
  return { name: concise(attacks, parsed), ...attacks.build(parsed).build(setting) };
}

/**
 * The attack by one who knows the defense, to be run beside another attack with the same effort; or
 * the reason why there is none. It may be that attack itself.
 *
 * @param naive the other attack.
 * @param adaptive what the defense names; see `adaptiveTo`.
 * @param hasPrior whether the setting states a prior. Without one, it is the battery `auto`.
 */
export function adapted(
  naive: PartSpec,
  adaptive: Adaptive,
  hasPrior: boolean,
): { readonly attack: PartSpec } | { readonly reason: string } {
  if (adaptive.kind === "law" && attacks.build(naive).takesLaw) return { attack: naive };
  const made = adaptedFrom(attacks.parts, naive, adaptive, hasPrior);
  return "reason" in made ? made : { attack: attacks.parse(made.attack) as PartSpec };
}

export { autoMembers } from "./auto.ts";
export { conditionals } from "./conditionals.ts";
export type { AttackDeclaration, Setting } from "./declaration.ts";
