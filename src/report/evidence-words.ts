import { type Stop, stops } from "../adversary/index.ts";
import type { AuditCell, AuditResult } from "../audit/index.ts";
import type { ImageResult } from "../runs/index.ts";
import { percent } from "./numbers.ts";

/** The search failed in a larger part than this of what did not come back: the search is the limit. */
const half = 0.5;

/**
 * What keeps a cell of an audit from recovering more, in sentences: failed attacks, failed searches,
 * updates that do not determine their images, how much answers explain, and the control.
 */
export function limitWords(cell: AuditCell, { draws, items }: Pick<AuditResult, "draws" | "items">): readonly string[] {
  const { searchFailed, undetermined, explained, explainable, control } = cell;
  const said: string[] = [];
  if (cell.failed > 0)
    said.push(
      `${cell.failed} of ${draws} attacks failed: ${Object.entries(cell.failures)
        .map(([stop, count]) => `${count} ${stop} (${stops[stop as Stop]})`)
        .join(", ")}.`,
    );
  if (searchFailed && undetermined) {
    const [lost, unknown] = [searchFailed, undetermined].map(({ estimate }) => Math.round(estimate * draws)) as [number, number];
    const interval = ({ lower, upper }: typeof searchFailed) => `${percent(lower)} to ${percent(upper)} of all`;
    if (lost > 0)
      said.push(
        `In ${lost} of ${draws} draws (${interval(searchFailed)}) the search failed: the attacker's own objective prefers the truth.`,
      );
    if (unknown > 0)
      said.push(
        `In ${unknown} (${interval(undetermined)}) the update does not determine the ${items} under this assumption: the answer is as good as the truth.`,
      );
    if (lost > 0 && lost >= half * (lost + unknown)) said.push("The search limits this number: the risk is underestimated.");
    else if (unknown > 0) said.push("The update limits this number, not the search.");
  } else said.push("This attack has no objective, so nothing says whether its search failed.");
  if (explained !== null)
    said.push(
      `Answers explain ${explainedWords(explained)} of the update${explainable === null ? "" : `, and the truth ${explainedWords(explainable)}`} (medians).`,
    );
  said.push(controlWords(control));
  return said;
}

function controlWords(control: AuditCell["control"]): string {
  if (control === null) return "Without a control: nothing shows that the attack works where there is no defense.";
  if (control.recovered === null) return `There is no control: ${control.reason}`;
  const share = `${percent(control.recovered.estimate)} of ${control.draws} bare updates`;
  if (control.succeeded) return control.own ? `It is its own control, and recovers ${share}.` : `Control: it recovers ${share}.`;
  return `Control failed: it recovers ${share}, so what it does not recover says nothing.`;
}

/** An answer that explains less than this share of what the truth explains is suspicious. */
const littleExplained = 0.9;

/** A share of an update, which is below 0 for what is worse than a gradient of zeros. */
export const explainedWords = (share: number): string => (share < 0 ? "nothing" : percent(share));

/** Whether an answer explains little of its update. */
export function explainsLittle({ explained, explainable }: Pick<ImageResult, "explained" | "explainable">): boolean {
  return explained === null || explained < littleExplained * Math.max(0, explainable ?? 1);
}

/** How much of an update an answer explains, in words. */
export function explanationWords({ explained, explainable }: Pick<ImageResult, "explained" | "explainable">): string {
  if (explained === null) return "its share of the update is not a number";
  return `explains ${explainedWords(explained)} of the update${explainable === null || explainable > 0.9995 ? "" : ` (the truth: ${explainedWords(explainable)})`}`;
}

/** The likely causes if the answers to an update from a client explain little of it. */
export const likelyCauses =
  "Likely causes: the client ran in the other mode (--mode), its pixels were normalized in another way (--mean, --std), the weights are not those that the client had, the labels or the size of the batch are others, the client took several local steps, scaled its loss or used a defense, or the search needs more steps or restarts.";
