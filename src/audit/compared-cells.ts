import { foldIn, type KeyBits, stream } from "../random/index.ts";
import type { AuditResult } from "./audit-result.ts";
import type { Cell } from "./cells.ts";
import { comparable, compareAttacks, type Distances } from "./comparison.ts";
import type { FinishedDraws } from "./finished-draws.ts";
import { equalWork, workOf } from "./work.ts";

/**
 * Comparisons of all pairs of attacks that were tuned alike, and of adaptive attacks with the others.
 * Other pairs are left out: a difference of settings says little about the attacks. Each says how
 * much work the attacks did, tuning included, and whether it is equal. Attacks that are after
 * different images are compared by their distances from the originals.
 */
export function comparisons(
  { scenarios, confidence, chunks }: FinishedDraws,
  cells: readonly Cell[],
  { byCell, fromOriginals }: { readonly byCell: readonly Distances[]; readonly fromOriginals: readonly Distances[] },
  key: (cell: number) => KeyBits,
): AuditResult["comparisons"] {
  const { batchSize, score } = scenarios[0]!;
  const { delta } = score;
  const worked = cells.map(({ attack }, i) => workOf(chunks, i, attack.assumes.samples, batchSize) + (attack.tuning?.work ?? 0));
  const spent = (cell: number) => chunks.reduce((sum, { seconds }) => sum + seconds.attacking[cell]!, 0);
  return cells.flatMap((one, i) =>
    cells.flatMap((other, j) => {
      if (j <= i || one.scenario !== other.scenario) return [];
      // What knowledge of the defense gives is a difference of settings that is asked for.
      if (!comparable(one.attack.tuning, other.attack.tuning) && one.attack.adaptive === other.attack.adaptive) return [];
      const alike = (one.attack.aim ?? "transformed") === (other.attack.aim ?? "transformed");
      const distances = alike ? byCell : fromOriginals;
      const compared = compareAttacks(distances[i]!, distances[j]!, delta, foldIn(stream(key(i), "resample"), j), confidence);
      const [first, second] = [worked[i]!, worked[j]!];
      return [
        {
          defense: one.scenario.defense.name,
          first: one.attack.name,
          second: other.attack.name,
          ...compared,
          work: { first, second, equal: equalWork(first, second) },
          seconds: { first: spent(i), second: spent(j) },
        },
      ];
    }),
  );
}
