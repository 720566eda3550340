import { readFile } from "node:fs/promises";
import type { Split } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { canonicalJson, type PartSpec } from "../parts/index.ts";
import { readTuned, recordOf, type TuningRecord } from "../runs/index.ts";

/**
 * The attack that `gradleak tune` wrote to a file.
 *
 * @throws LeakageError if it was tuned on the split that is to be scored.
 */
async function tunedAttack(path: string, split: Split | undefined): Promise<TuningRecord> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new LeakageError("file", `--tuned ${path} cannot be read (${cause.code}).`, { cause });
  });
  const tuned = readTuned(text, path);
  if (tuned.split === split)
    throw new LeakageError(
      "spec",
      `--tuned ${path} was tuned on the ${split} images, which are the ones to be scored; choose the other --split.`,
    );
  return recordOf(tuned);
}

/** The one attack of `--attack` or `--tuned`; undefined without either. */
export async function chosenAttack(attack: PartSpec | undefined, tuned: string | undefined, split: Split | undefined) {
  if (attack !== undefined && tuned !== undefined)
    throw new LeakageError("spec", `--tuned ${tuned} does not fit --attack ${attack.kind}: it has its own attack; give one of them.`);
  const { attacks: chosen, tuned: by } = await chosenAttacks(attack ? [attack] : [], tuned === undefined ? [] : [tuned], split);
  return { attack: chosen[0], tuned: by };
}

/** The attacks of `--attack` and `--tuned`, and the tunings of the latter. */
export async function chosenAttacks(
  attack: readonly PartSpec[],
  tuned: readonly string[],
  split: Split | undefined,
): Promise<{ attacks: readonly PartSpec[]; tuned: readonly TuningRecord[] }> {
  const read = await Promise.all(tuned.map((path) => tunedAttack(path, split)));
  const twice = tuned.find((_, i) => read.findIndex(({ specHash }) => specHash === read[i]!.specHash) < i);
  if (twice !== undefined) throw new LeakageError("spec", `--tuned ${twice} has a tuning that is given already; give each once.`);
  // The same candidate may be best behind two defenses. Then there is one attack, which was tuned
  // behind both.
  const best = new Map(read.map((each) => [canonicalJson(each.attack), each.attack]));
  return {
    attacks: [...attack, ...best.values()],
    tuned: read,
  };
}
