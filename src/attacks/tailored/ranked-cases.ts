import { type Ats, applied, type Bytes, type Case, library, type Undone, undone } from "../../defenses/index.ts";
import type { Examples } from "../../models/index.ts";

/** One case of a policy, undone on a reconstruction of the transformed image. */
export interface Ranked {
  readonly drawn: Case;
  readonly undone: Undone;
  /** −log p(transformed image | case), up to a constant. */
  readonly cost: number;
}

/** How many cases were told apart, and the best ones, from the likeliest on. */
export interface Ranking {
  readonly count: number;
  readonly best: readonly Ranked[];
}

/** −log p of an entry by its level, from 0 to 255. */
export type Rarity = Float64Array;

/** Public images from which the frequency of levels is taken, at most. */
const mostPublic = 500;

/** How rare each level is among public images; without them, all levels are alike. */
export function rarityIn(examples: Examples | undefined): Rarity {
  const counts = new Float64Array(256).fill(1);
  const count = Math.min(mostPublic, examples?.count ?? 0);
  for (let i = 0; i < count; i++)
    for (const pixel of examples!.image(i)) {
      const level = Math.min(255, Math.max(0, Math.round(255 * pixel)));
      counts[level]!++;
    }
  const total = counts.reduce((sum, own) => sum + own, 0);
  return counts.map((own) => -Math.log(own / total));
}

/** All signs of a policy, each of those that are drawn. */
function signsOf(policy: readonly number[]): readonly Case["signs"][] {
  return policy.reduce<readonly Case["signs"][]>(
    (all, index) =>
      all.flatMap((before) => (library[index]!.signed ? ([-1, 1] as const) : ([1] as const)).map((sign) => [...before, sign])),
    [[]],
  );
}

/**
 * All cases of ATS up to mirroring: the mirror image of another crop is the same as the crop of the
 * mirror image, so nobody can tell which it was.
 */
export function casesOf({ policies, crop }: Ats): readonly Case[] {
  const offsets = Array.from({ length: 2 * crop + 1 }, (_, i) => i);
  return policies.flatMap((policy, place) =>
    signsOf(policy).flatMap((signs) =>
      offsets.flatMap((top) => offsets.map((left): Case => ({ policy: place, top, left, flipped: false, signs }))),
    ),
  );
}

/** The errors of a reconstruction that are thought possible, in levels. */
const errors = { least: 2, most: 64, unknown: 8 } as const;

/**
 * The cost of a case. Pixels that show the original are as rare as their levels among public images,
 * taken back through the case. The others have to be what the case fills them with, up to the
 * reconstruction's own error, which follows from them.
 */
function costOf(image: Bytes, ats: Ats, drawn: Case, own: Undone, rarity: Rarity): number {
  const original = { ...image, data: Uint8Array.from(own.image.data, Math.round) };
  const made = applied(original, ats, drawn).data;
  const plane = own.known.length;
  let [squares, forced, cost] = [0, 0, 0];
  made.forEach((level, i) => {
    squares += (image.data[i]! - level) ** 2;
    if (!own.shown[i % plane]) forced++;
  });
  original.data.forEach((level, i) => {
    if (own.known[i % plane]) cost += rarity[level]! + own.stretch;
  });
  // Several pixels may show one of the original, and then count as often as they are shown.
  const known = own.known.reduce((sum, one) => sum + one, 0);
  const shown = plane - forced / image.channels;
  const error = forced === 0 ? errors.unknown : Math.min(errors.most, Math.max(errors.least, Math.sqrt(squares / forced)));
  return (known === 0 ? 0 : (cost * shown) / known) + forced * Math.log(error * Math.sqrt(2 * Math.PI)) + squares / (2 * error ** 2);
}

/** Whether two cases show the same pixels after the same transformations of levels. */
const likeness = ({ policy, signs }: Case, { shown }: Undone): string => `${policy} ${signs.join()} ${shown.join("")}`;

const offCenter = ({ top, left }: Case, { crop }: Ats): number => Math.abs(top - crop) + Math.abs(left - crop);

/**
 * Undoes every case on a reconstruction of the transformed image, and ranks the cases by how likely
 * they make it. Of cases that only shift what is shown nobody can say more: the one with the most
 * central crop stands for them.
 *
 * @param image the reconstruction, rounded to bytes.
 * @param most the number of best cases that are kept.
 */
export function rankCases(image: Bytes, ats: Ats, cases: readonly Case[], rarity: Rarity, most: number): Ranking {
  const levels = { ...image, data: Float64Array.from(image.data) };
  const found = new Map<string, Ranked>();
  for (const drawn of cases) {
    const own = undone(levels, ats, drawn);
    const name = likeness(drawn, own);
    const other = found.get(name);
    if (other && offCenter(other.drawn, ats) <= offCenter(drawn, ats)) continue;
    found.set(name, { drawn, undone: own, cost: costOf(image, ats, drawn, own, rarity) });
  }
  return { count: found.size, best: [...found.values()].sort((a, b) => a.cost - b.cost).slice(0, most) };
}
