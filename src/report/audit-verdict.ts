import type { AuditCell, AuditResult } from "../audit/index.ts";
import { limitWords } from "./evidence-words.ts";
import { nearestWords } from "./nearest-words.ts";
import { grouped, percent, significant, spaced } from "./numbers.ts";
import type { Verdict } from "./verdict.ts";

/** Of each defense, the attack that recovered most. */
export function strongest({ cells }: AuditResult): readonly AuditCell[] {
  const best = new Map<string, AuditCell>();
  for (const cell of cells) {
    const other = best.get(cell.defense);
    if (!other || cell.recovered.estimate > other.recovered.estimate) best.set(cell.defense, cell);
  }
  return [...best.values()];
}

/** How the intervals of an audit were made, in a clause. */
export const intervalWords = ({ interval, draws, confidence, assumptions: { batchSize } }: AuditResult): string => {
  const level = `${+(100 * confidence).toPrecision(6)} %`;
  return interval === "clopper-pearson"
    ? `${level} Clopper–Pearson, n = ${grouped(draws)} independent draws`
    : `${level} bootstrap over whole batches, n = ${grouped(draws)} batches of ${batchSize} (the images of a batch are not independent)`;
};

/** Says in plain words what came back, next to what a guess without the update gives. */
export function auditVerdict(result: AuditResult): Verdict {
  const { baselines, nearestPublic, assumptions } = result;
  const spaces = { pixel: "pixels run from 0 to 1", model: "in the model's normalized pixels" };
  const space = result.items === "vector" ? "Euclidean" : spaces[assumptions.deltaSpace];
  const guesses = baselines.map(({ name, recovered }) => `${spaced(name)} ${percent(recovered.estimate)}`).join(", ");
  const neighbors = nearestPublic
    ? ` The ${nearestWords(nearestPublic.count, result.items)}, lies that near for ${percent(nearestPublic.recovered.estimate)}: no guess, but what any choice among them gives at most.`
    : "";
  return {
    sentence: sentenceOf(result),
    detail: `${result.items === "image" ? "An image" : "A vector"} counts as having come back when its distance from the original is at most δ = ${significant(assumptions.delta)} (${space}); the risk is the share that did not. Guesses without the update bring back: ${guesses}.${neighbors} Intervals: ${intervalWords(result)}.`,
  };
}

/** Of each defense the strongest attack, with what keeps it from recovering more. */
export const limitsBehind = (
  result: AuditResult,
): readonly { readonly defense: string; readonly attack: string; readonly words: string }[] =>
  strongest(result).flatMap((cell) =>
    cell.recovered.estimate < 1 ? [{ defense: cell.defense, attack: cell.attack, words: limitWords(cell, result).join(" ") }] : [],
  );

function sentenceOf(result: AuditResult): string {
  const silent = result.statements.filter(({ reasons }) => reasons.length > 0);
  const some = result.cells.some(({ recovered }) => recovered.estimate > 0);
  if (!some && silent.length === result.statements.length) return `No statement can be made: ${silent[0]!.reasons[0]}.`;
  const nothing =
    silent.length > 0
      ? ` What did not come back behind ${silent.map(({ defense }) => defense).join(" and ")} says nothing: ${silent[0]!.reasons[0]}.`
      : "";
  return `${shareSentence(result)}${nothing}`;
}

function shareSentence(result: AuditResult): string {
  const noun = `${result.items}s`;
  const shares = strongest(result).map(({ recovered }) => recovered.estimate);
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  const guess = Math.max(...result.baselines.map(({ recovered }) => recovered.estimate));
  if (most === 0) return `None of ${grouped(result.images)} ${noun} came back: not recovered by these attacks under these assumptions.`;
  const but = guess >= most ? ", but a guess without the update does as well" : "";
  if (shares.length === 1) return `${percent(most)} of ${noun} came back behind ${result.cells[0]!.defense}${but}.`;
  if (least === most) return `${percent(most)} of ${noun} came back behind every defense${but}.`;
  return `${percent(least)} to ${percent(most)} of ${noun} came back, depending on the defense${but}.`;
}
