import type { Interval } from "../metrics/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { Scenario } from "../scenario/index.ts";
import type { Cell } from "./cells.ts";
import type { AuditChunk } from "./chunk.ts";
import { shareOf } from "./share.ts";

/** What labels are counted from. */
interface Finished {
  readonly scenarios: readonly Scenario[];
  readonly chunks: readonly AuditChunk[];
  readonly confidence: number;
}

/** The share of labels that the attack of a cell found, with its interval; null if they were given. */
export function labelAccuracy({ chunks, scenarios, confidence }: Finished, cell: number, key: KeyBits): Interval | null {
  const { batchSize, labels } = scenarios[0]!;
  if (labels === "known") return null;
  const right = chunks.flatMap(({ draws }) => draws.map(({ outcomes }) => outcomes[cell]!.labels?.right ?? 0));
  return shareOf(
    right.map((count) => Array.from({ length: batchSize }, (_, i) => i < count)),
    key,
    confidence,
  );
}

/** The number of draws of a cell whose labels were read from small gradients. */
export const faintLabels = ({ chunks }: Pick<Finished, "chunks">, cell: number): number =>
  chunks.flatMap(({ draws }) => draws).filter(({ outcomes }) => outcomes[cell]!.labels?.faint).length;

/** A warning for each cell whose labels were read from small gradients. */
export function faintNotes(done: Pick<Finished, "chunks">, cells: readonly Cell[]): readonly string[] {
  const of = done.chunks.reduce((sum, { draws }) => sum + draws.length, 0);
  return cells.flatMap(({ scenario, attack }, i) => {
    const count = faintLabels(done, i);
    return count === 0 ? [] : [`${attack.name} behind ${scenario.defense.name}: ${faintWords(count, of)}`];
  });
}

/** What is said about updates whose labels were read from small gradients. */
export const faintWords = (count: number, of: number): string =>
  `the labels of ${count} of ${of} updates were read from gradients that are small relative to the update, to those of other inputs, or to the noise, as in a network that is sure of its labels; they are uncertain.`;
