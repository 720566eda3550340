import { type AssumptionAndSearch, type Attack, isAssuming } from "../adversary/index.ts";
import { catalogue, type PartSpec } from "../parts/index.ts";
import { bayes } from "./bayes.ts";
import type { AttackDeclaration, Setting } from "./declaration.ts";
import { dlg, idlg } from "./dlg.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";

/** The attacks that are an assumption and a search, which a tailored attack can change. */
export const searches = catalogue<AttackDeclaration>("attack", [bayes, dlg, gradinversion, idlg, invertingGradients]);

/**
 * The declaration of an attack that changes one of {@link searches}. It reads labels as that does, and
 * fixes its prior where that does.
 *
 * @param spec the attack that is changed.
 * @param change makes the attack, of the one that is changed and the setting of both.
 */
export function aroundSearch(spec: PartSpec | string, change: (inner: AssumptionAndSearch, setting: Setting) => Attack): AttackDeclaration {
  const { labels, fixesPrior, ...declaration } = searches.build(spec);
  return {
    fixesPrior,
    ...(labels ? { labels } : {}),
    build: (setting) => {
      const inner = declaration.build(setting);
      if (isAssuming(inner)) return change(inner, setting);
      throw new Error("every attack of this catalogue is an assumption and a search");
    },
  };
}
