import { LeakageError } from "../../errors.ts";
import { type KeyBits, randomBits } from "../../random/index.ts";
import type { Bytes } from "./bytes.ts";
import { cropped, mirrored, type Sources, showing } from "./geometry.ts";
import { library, type Sign, transformed } from "./library.ts";

/** Transformations by their index in the library, which act one after the other. */
export type Policy = readonly number[];

/** What ATS does to each image: one policy of some, drawn anew, after a crop and a mirroring. */
export interface Ats {
  readonly policies: readonly Policy[];
  /** The pixels of black around an image before it is cropped to its size again; 0 for no crop. */
  readonly crop: number;
  /** Whether every second image is mirrored, left and right exchanged. */
  readonly flip: boolean;
}

/** One of the cases that chance can make of an {@link Ats}. */
export interface Case {
  /** The place of the policy. */
  readonly policy: number;
  /** The row and the column of the padded image at which the crop begins, from 0 to 2 · crop. */
  readonly top: number;
  readonly left: number;
  readonly flipped: boolean;
  /** A sign for each transformation of the policy; 1 where it has none. */
  readonly signs: readonly Sign[];
}

const hybrid = ["21-13-3", "7-4-15"];

/** The policies that have a name, beside those that name themselves. */
const presets: Readonly<Record<string, readonly string[]>> = { hybrid };

/**
 * The policies of a list of names such as `21-13-3`, or of presets.
 *
 * @throws LeakageError `spec` for an index that the library does not have.
 */
export function policiesOf(names: readonly string[]): readonly Policy[] {
  return names
    .flatMap((name) => presets[name] ?? [name])
    .map((name) => {
      const refuse = (why: string) =>
        new LeakageError(
          "spec",
          `defense ats: the policy ${JSON.stringify(name)} ${why}; write indices from 0 to ${library.length - 1} joined by -, as in 21-13-3, or ${Object.keys(presets).join(", ")}.`,
        );
      if (!/^-?\d+(--?\d+)*$/.test(name)) throw refuse("is no list of transformations");
      const indices = [...name.matchAll(/(?:^|-)(-?\d+)/g)].map(([, index]) => Number(index));
      const unknown = indices.find((index) => library[index] === undefined || Object.is(index, -0));
      if (unknown !== undefined) throw refuse(`has the index ${unknown}, and there is no such transformation`);
      return indices;
    });
}

const below = (word: number, size: number): number => Math.floor((word * size) / 2 ** 32);

/** Draws what becomes of one image. Words 0 to 3 of the key are for policy, crop and mirroring, the others for signs. */
export function drawCase({ policies, crop, flip }: Ats, key: KeyBits): Case {
  const most = Math.max(...policies.map(({ length }) => length));
  const [policy, top, left, flipped, ...signs] = randomBits(key, 4 + most) as unknown as [number, number, number, number, ...number[]];
  const chosen = below(policy, policies.length);
  return {
    policy: chosen,
    top: below(top, 2 * crop + 1),
    left: below(left, 2 * crop + 1),
    flipped: flip && flipped >= 2 ** 31,
    signs: policies[chosen]!.map((index, i) => (library[index]!.signed && signs[i]! < 2 ** 31 ? -1 : 1)),
  };
}

/** What pixels show after the crop and the mirroring of a case. */
export function framed({ height, width }: Pick<Bytes, "height" | "width">, { crop }: Ats, { top, left, flipped }: Case): Sources {
  const window = cropped({ height, width }, crop, top, left);
  return flipped ? mirrored({ height, width }).map((source) => window[source]!) : window;
}

/** An image after all that a case does to it. */
export const applied = (image: Bytes, ats: Ats, drawn: Case): Bytes =>
  ats.policies[drawn.policy]!.reduce(
    (changed, index, i) => transformed(changed, library[index]!, drawn.signs[i]!),
    showing(image, framed(image, ats, drawn), 0),
  );
