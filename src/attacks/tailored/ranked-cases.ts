import {
  type Ats,
  type Bytes,
  type Case,
  type Cropped,
  library,
  type Policy,
  transformed,
  type Undone,
  uncropped,
  untransformed,
} from "../../defenses/index.ts";
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
const mostPublic = 200;

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
function signsOf(policy: Policy): readonly Case["signs"][] {
  return policy.reduce<readonly Case["signs"][]>(
    (all, index) =>
      all.flatMap((before) => (library[index]!.signed ? ([-1, 1] as const) : ([1] as const)).map((sign) => [...before, sign])),
    [[]],
  );
}

/** The errors of a reconstruction that are thought possible, in levels. */
const errors = { least: 2, most: 64, unknown: 8 } as const;

/** What the transformations of a policy with their signs explain of an image, whatever the crop was. */
interface Explained extends Cropped {
  /** The sum of squares of what the transformations cannot make of any image. */
  readonly squares: number;
  /** The number of entries that they fill. */
  readonly filled: number;
}

function explained(image: Bytes, policy: Policy, signs: Case["signs"]): Explained {
  const own = untransformed({ ...image, data: Float64Array.from(image.data) }, policy, signs);
  const made = policy.reduce<Bytes>((changed, index, i) => transformed(changed, library[index]!, signs[i]!), {
    ...image,
    data: Uint8Array.from(own.image.data, Math.round),
  });
  let squares = 0;
  for (const [i, level] of made.data.entries()) squares += (image.data[i]! - level) ** 2;
  return { ...own, squares, filled: image.channels * own.shown.filter((one) => one === 0).length };
}

/** A crop, and what it says of a cropped image: how much of that has to be black, and is not. */
interface Window {
  readonly top: number;
  readonly left: number;
  readonly cost: number;
  /** The window as far as it can be told apart from others: the pixels that are known in it. */
  readonly looks: string;
}

/**
 * −log p of a cropped image for one crop. Pixels inside the window are as rare as their levels among
 * public images. The others have to be black, as what transformations fill has to be what they fill
 * it with, up to the error of the reconstruction, which follows from both.
 */
function windowAt({ image, known, stretch, squares, filled }: Explained, { crop }: Ats, top: number, left: number, rarity: Rarity): Window {
  const { channels, height, width, data } = image;
  const plane = height * width;
  let [inside, black, count, rare] = [0, 0, 0, 0];
  let [lowest, highest, leftmost, rightmost] = [height, -1, width, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (!known[at]) continue;
      const [row, column] = [y + top - crop, x + left - crop];
      if (row >= 0 && row < height && column >= 0 && column < width) {
        inside++;
        [lowest, highest, leftmost, rightmost] = [Math.min(lowest, y), Math.max(highest, y), Math.min(leftmost, x), Math.max(rightmost, x)];
        for (let c = 0; c < channels; c++) rare += rarity[Math.round(data[c * plane + at]!)]!;
      } else {
        count++;
        for (let c = 0; c < channels; c++) black += data[c * plane + at]! ** 2;
      }
    }
  const forced = filled + channels * count;
  const total = squares + black * Math.exp(2 * stretch);
  const error = forced === 0 ? errors.unknown : Math.min(errors.most, Math.max(errors.least, Math.sqrt(total / forced)));
  const cost = rare + channels * inside * stretch + forced * Math.log(error * Math.sqrt(2 * Math.PI)) + total / (2 * error ** 2);
  return { top, left, cost, looks: [inside, lowest, highest, leftmost, rightmost].join() };
}

const offCenter = ({ top, left }: Window, { crop }: Ats): number => Math.abs(top - crop) + Math.abs(left - crop);

/** The crops of a cropped image that can be told apart. Of those that cannot, the most central one stands for all. */
function windowsOf(own: Explained, ats: Ats, rarity: Rarity): readonly Window[] {
  const found = new Map<string, Window>();
  for (let top = 0; top <= 2 * ats.crop; top++)
    for (let left = 0; left <= 2 * ats.crop; left++) {
      const window = windowAt(own, ats, top, left, rarity);
      const other = found.get(window.looks);
      if (!other || offCenter(window, ats) < offCenter(other, ats)) found.set(window.looks, window);
    }
  return [...found.values()];
}

/**
 * Undoes every case on a reconstruction of the transformed image, and ranks the cases by how likely
 * they make it. Nobody can tell a case from its mirror image: the mirror image of another crop is the
 * crop of the mirror image. So cases stand for both.
 *
 * @param image the reconstruction, rounded to bytes.
 * @param most the number of best cases that are kept.
 */
export function rankCases(image: Bytes, ats: Ats, rarity: Rarity, most: number): Ranking {
  const all = ats.policies.flatMap((policy, place) =>
    signsOf(policy).flatMap((signs) => {
      const own = explained(image, policy, signs);
      return windowsOf(own, ats, rarity).map(({ top, left, cost }) => ({
        own,
        cost,
        drawn: { policy: place, top, left, flipped: false, signs },
      }));
    }),
  );
  const best = all.sort((a, b) => a.cost - b.cost).slice(0, most);
  return { count: all.length, best: best.map(({ own, drawn, cost }) => ({ drawn, cost, undone: uncropped(own, ats, drawn) })) };
}
