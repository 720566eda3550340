import type { Attack } from "../adversary/index.ts";
import { catalogue, concise, type PartSpec } from "../parts/index.ts";
import { bayes } from "./bayes.ts";
import type { Setting } from "./declaration.ts";
import { dlg, idlg } from "./dlg.ts";
import { exact } from "./exact.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";

/** The named attacks. */
export const attacks = catalogue("attack", [bayes, dlg, exact, gradinversion, idlg, invertingGradients]);

/**
 * An attack of the catalogue as an object, with its name.
 *
 * @param spec flag text such as `bayes:steps=300`, or `{ kind, ...params }`.
 * @param setting what it is up against: the law of the defense, a prior.
 * @throws LeakageError `spec` for an unknown attack or parameter, or one that does not fit the setting.
 */
export function attackOf(spec: string | PartSpec, setting: Setting = {}): Attack & { readonly name: string } {
  const parsed = attacks.parse(spec);
  return { name: concise(attacks, parsed), ...attacks.build(parsed).build(setting) };
}

export { conditionals } from "./conditionals.ts";
export type { AttackDeclaration, Setting } from "./declaration.ts";
