import { catalogue } from "../parts/index.ts";
import { bayes } from "./bayes.ts";
import { dlg, idlg } from "./dlg.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";

/** The named attacks. */
export const attacks = catalogue("attack", [bayes, dlg, gradinversion, idlg, invertingGradients]);

export type { Assumed, AssumedAttack, AttackDeclaration, Setting } from "./declaration.ts";
