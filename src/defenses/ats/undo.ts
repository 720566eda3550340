import type { Bytes } from "./bytes.ts";
import { smoothing } from "./enhance.ts";
import { outside, type Sources, shearedAt } from "./geometry.ts";
import { library, type Sign, sourcesOf, type Transformation } from "./library.ts";
import { type Ats, type Case, framed, type Policy } from "./policy.ts";

/** An image in levels from 0 to 255, not rounded, [channels, height, width]. */
export interface Levels extends Omit<Bytes, "data"> {
  readonly data: Float64Array;
}

/** A transformed image taken back to where it had been cropped and mirrored. */
export interface Cropped {
  /** The cropped image, in levels from 0 to 255; the mean of its channel where nothing is known of it. */
  readonly image: Levels;
  /** 1 for its pixels that the transformed image shows. */
  readonly known: Uint8Array;
  /** 1 for pixels of the transformed image that show the cropped one, and 0 for those of a fill. */
  readonly shown: Uint8Array;
  /** How much each entry that is shown is stretched: the mean logarithm of its derivative. */
  readonly stretch: number;
}

/** A transformed image taken back to the original, as far as one case of chance can be. */
export type Undone = Pick<Cropped, "image" | "known">;

/** The pixels that a shear along y shows, to the nearest one. */
function shearSources({ height, width }: Pick<Bytes, "height" | "width">, slope: number): Sources {
  return Int32Array.from({ length: height * width }, (_, at) => {
    const x = at % width;
    const from = Math.floor(shearedAt(Math.floor(at / width), x, slope));
    return from < 0 || from >= height ? outside : from * width + x;
  });
}

/** What pixels show after a transformation of geometry; undefined for one of levels. */
const movesOf = (transformation: Transformation, extent: Pick<Bytes, "height" | "width">, sign: Sign): Sources | undefined =>
  transformation.operation === "shear-y" ? shearSources(extent, sign * transformation.magnitude) : sourcesOf(transformation, extent, sign);

/** A mask of pixels after a move: what was outside is 0. */
const moved = (mask: Uint8Array, sources: Sources): Uint8Array =>
  Uint8Array.from(sources, (source) => (source === outside ? 0 : mask[source]!));

/** The luma of a pixel that is not rounded. */
const lumaAt = ({ data, channels }: Levels, at: number, plane: number): number =>
  channels === 1 ? data[at]! : 0.299 * data[at]! + 0.587 * data[plane + at]! + 0.114 * data[2 * plane + at]!;

/**
 * The mean logarithm of the derivative of a transformation of levels. A sharpening has none here: it
 * stretches what differs between neighbors, and says nothing to those who look at single entries.
 */
function stretchOf({ operation, magnitude }: Transformation, sign: Sign, channels: number): number {
  const factor = 1 + sign * magnitude;
  if (operation === "brightness" || operation === "contrast") return Math.log(factor);
  return operation === "color" && channels === 3 ? (2 / 3) * Math.log(factor) : 0;
}

/** Sharpening is taken back by so many corrections. */
const corrections = 5;

function unsharpened({ data, channels, height, width }: Levels, factor: number): Float64Array {
  const back = Float64Array.from(data);
  for (let round = 0; round < corrections; round++) {
    const before = Float64Array.from(back);
    for (let c = 0; c < channels; c++)
      for (let y = 1; y < height - 1; y++)
        for (let x = 1; x < width - 1; x++) {
          const at = (c * height + y) * width + x;
          let around = 0;
          for (const row of [at - width, at, at + width]) around += before[row - 1]! + before[row]! + before[row + 1]!;
          const smooth = smoothing.neighbor * (around - before[at]!) + smoothing.center * before[at]!;
          back[at] = before[at]! + data[at]! - (factor * before[at]! + (1 - factor) * smooth);
        }
  }
  return back;
}

/**
 * Levels before a transformation of levels. What it forgets is left as it is.
 *
 * @param known 1 for the pixels that count in means.
 */
function unmapped(image: Levels, { operation, magnitude }: Transformation, sign: Sign, known: Uint8Array): Float64Array {
  const { data } = image;
  const plane = known.length;
  const factor = 1 + sign * magnitude;
  switch (operation) {
    case "brightness":
      return data.map((level) => level / factor);
    case "contrast": {
      let [sum, count] = [0, 0];
      for (let at = 0; at < plane; at++) if (known[at]) [sum, count] = [sum + lumaAt(image, at, plane), count + 1];
      const mean = count > 0 ? sum / count : 127;
      return data.map((level) => mean + (level - mean) / factor);
    }
    case "color": {
      const luma = Float64Array.from({ length: plane }, (_, at) => lumaAt(image, at, plane));
      return data.map((level, i) => luma[i % plane]! + (level - luma[i % plane]!) / factor);
    }
    case "sharpness":
      return unsharpened(image, factor);
    case "invert":
      return data.map((level) => 255 - level);
    default:
      return data;
  }
}

/** Entries of the pixels that a move shows, back in their places, and which of those are known. */
function movedBack({ image, known }: Undone, sources: Sources): Undone {
  const plane = known.length;
  const [data, seen] = [new Float64Array(image.data.length), new Uint8Array(plane)];
  sources.forEach((source, at) => {
    if (source === outside || !known[at]) return;
    seen[source] = 1;
    for (let c = 0; c < image.channels; c++) data[c * plane + source] = image.data[c * plane + at]!;
  });
  return { image: { ...image, data }, known: seen };
}

/** Cuts levels off at 0 and 255, and puts the mean of its channel where a pixel is not known. */
function completed({ image, known }: Undone): Undone {
  const plane = known.length;
  const data = Float64Array.from(image.data);
  for (let c = 0; c < image.channels; c++) {
    const own = data.subarray(c * plane, (c + 1) * plane);
    let [sum, count] = [0, 0];
    for (let at = 0; at < plane; at++) {
      own[at] = Math.min(255, Math.max(0, own[at]!));
      if (known[at]) [sum, count] = [sum + own[at]!, count + 1];
    }
    const mean = count > 0 ? sum / count : 127;
    for (let at = 0; at < plane; at++) if (!known[at]) own[at] = mean;
  }
  return { image: { ...image, data }, known };
}

/** Takes a transformed image back through the transformations of a policy, from the last to the first. */
export function untransformed(image: Levels, policy: Policy, signs: Case["signs"]): Cropped {
  const chain = policy.map((index, i) => {
    const [transformation, sign] = [library[index]!, signs[i]!];
    return { transformation, sign, sources: movesOf(transformation, image, sign) };
  });
  const all = new Uint8Array(image.height * image.width).fill(1);
  const shown = chain.reduce<Uint8Array>((mask, { sources }) => (sources ? moved(mask, sources) : mask), all);
  let at: Undone = { image, known: all };
  for (const { transformation, sign, sources } of chain.toReversed())
    at = sources
      ? movedBack(at, sources)
      : { image: { ...image, data: unmapped(at.image, transformation, sign, at.known) }, known: at.known };
  const stretch = chain.reduce((sum, { transformation, sign }) => sum + stretchOf(transformation, sign, image.channels), 0);
  return { ...completed(at), shown, stretch };
}

/** Takes a cropped image back to the original. */
export const uncropped = (cropped: Undone, ats: Ats, drawn: Case): Undone =>
  completed(movedBack(cropped, framed(cropped.image, ats, drawn)));
