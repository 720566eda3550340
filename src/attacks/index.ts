import type { Attack } from "../adversary/index.ts";
import { catalogue, concise, type PartSpec } from "../parts/index.ts";
import { auto } from "./auto.ts";
import { bayes } from "./bayes.ts";
import type { Setting } from "./declaration.ts";
import { dlg, idlg } from "./dlg.ts";
import { exact } from "./exact.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";
import { peeling } from "./peeling.ts";
import { posterior } from "./posterior.ts";
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

export { autoMembers } from "./auto.ts";
export { conditionals } from "./conditionals.ts";
export type { AttackDeclaration, Setting } from "./declaration.ts";
