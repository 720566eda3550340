import { catalogue } from "../parts/index.ts";
import { bayes } from "./bayes.ts";
import { dlg, idlg } from "./dlg.ts";
import { exact } from "./exact.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";

/** The named attacks. */
export const attacks = catalogue("attack", [bayes, dlg, exact, gradinversion, idlg, invertingGradients]);

export { conditionals } from "./conditionals.ts";
export type { AttackDeclaration, Setting } from "./declaration.ts";
