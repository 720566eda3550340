import { catalogue } from "../parts/index.ts";
import { bayes } from "./bayes.ts";
import { dlg, idlg } from "./dlg.ts";
import { exact } from "./exact.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";

/**
 * The catalogue of attacks. `build` returns a declaration, whose own `build` takes the setting that
 * the attack faces: the law of the defense, a prior, public examples, the radius of the score.
 *
 * @example
 * ```ts
 * const bare = attacks.build("inverting-gradients:steps=300").build({});
 *
 * const prior = { prior: priors.build("gaussian"), name: "gaussian" };
 * const law = lawOf(defenses.build("laplacian:scale=0.1"));
 * const adaptive = attacks.build("bayes:steps=200").build({ law, prior });
 * ```
 */
export const attacks = catalogue("attack", [bayes, dlg, exact, gradinversion, idlg, invertingGradients]);

export { conditionals } from "./conditionals.ts";
export type { AttackDeclaration, Setting } from "./declaration.ts";
