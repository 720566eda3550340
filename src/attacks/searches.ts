import { catalogue } from "../parts/index.ts";
import { bayes } from "./bayes.ts";
import type { AttackDeclaration } from "./declaration.ts";
import { dlg, idlg } from "./dlg.ts";
import { gradinversion } from "./gradinversion.ts";
import { invertingGradients } from "./inverting-gradients.ts";

/** The attacks that are an assumption and a search, which a tailored attack can change. */
export const searches = catalogue<AttackDeclaration>("attack", [bayes, dlg, gradinversion, idlg, invertingGradients]);
