import type { Bytes } from "./bytes.ts";
import { smoothing } from "./enhance.ts";
import { outside, type Sources, shearedAt } from "./geometry.ts";
import { library, type Sign, sourcesOf, type Transformation } from "./library.ts";
import { type Ats, type Case, framed } from "./policy.ts";

/** An image in levels from 0 to 255, not rounded, [channels, height, width]. */
export interface Levels extends Omit<Bytes, "data"> {
  readonly data: Float64Array;
}

/** A transformed image taken back, as far as one case of chance can be. */
export interface Undone {
  /** The original, in levels from 0 to 255; the mean of its channel where nothing is known of it. */
  readonly image: Levels;
  /** 1 for pixels of the original that the transformed image shows. */
  readonly known: Uint8Array;
  /** 1 for pixels of the transformed image that show the original, and 0 for those of a fill. */
  readonly shown: Uint8Array;
  /** How much each entry that is shown is stretched: the mean logarithm of its derivative. */
  readonly stretch: number;
}

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

/** The mean over all frequencies of the logarithm of what a sharpening multiplies them by. */
function sharpeningStretch(factor: number): number {
  const points = 32;
  let sum = 0;
  for (let i = 0; i < points; i++)
    for (let j = 0; j < points; j++) {
      const [u, v] = [(2 * Math.PI * (i + 0.5)) / points, (2 * Math.PI * (j + 0.5)) / points];
      const smooth = smoothing.center + smoothing.neighbor * (2 * Math.cos(u) + 2 * Math.cos(v) + 4 * Math.cos(u) * Math.cos(v));
      sum += Math.log(factor + (1 - factor) * smooth);
    }
  return sum / points ** 2;
}

/** The mean logarithm of the derivative of a transformation of levels. */
export function stretchOf({ operation, magnitude }: Transformation, sign: Sign, channels: number): number {
  const factor = 1 + sign * magnitude;
  if (operation === "brightness" || operation === "contrast") return Math.log(factor);
  if (operation === "color") return channels === 3 ? (2 / 3) * Math.log(factor) : 0;
  return operation === "sharpness" ? sharpeningStretch(factor) : 0;
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

/** Takes a transformed image back through one case, from the last transformation to the crop. */
export function undone(image: Levels, ats: Ats, drawn: Case): Undone {
  const plane = image.height * image.width;
  const chain = ats.policies[drawn.policy]!.map((index, i) => {
    const transformation = library[index]!;
    const sign = drawn.signs[i]!;
    return { transformation, sign, sources: movesOf(transformation, image, sign) };
  });
  const frame = framed(image, ats, drawn);
  const all = new Uint8Array(plane).fill(1);
  const shown = chain.reduce((mask, { sources }) => (sources ? moved(mask, sources) : mask), moved(all, frame));
  let data: Float64Array = Float64Array.from(image.data);
  let known: Uint8Array = all;
  const back = (sources: Sources) => {
    const [before, seen] = [new Float64Array(data.length), new Uint8Array(plane)];
    sources.forEach((source, at) => {
      if (source === outside || !known[at]) return;
      seen[source] = 1;
      for (let c = 0; c < image.channels; c++) before[c * plane + source] = data[c * plane + at]!;
    });
    [data, known] = [before, seen];
  };
  for (const { transformation, sign, sources } of chain.toReversed())
    if (sources) back(sources);
    else data = unmapped({ ...image, data }, transformation, sign, known);
  back(frame);
  for (let c = 0; c < image.channels; c++) {
    const own = data.subarray(c * plane, (c + 1) * plane);
    const seen = own.filter((_, at) => known[at]);
    const mean = seen.length > 0 ? seen.reduce((sum, level) => sum + level, 0) / seen.length : 127;
    for (let at = 0; at < plane; at++) own[at] = known[at] ? Math.min(255, Math.max(0, own[at]!)) : mean;
  }
  const stretch = chain.reduce((sum, { transformation, sign }) => sum + stretchOf(transformation, sign, image.channels), 0);
  return { image: { ...image, data }, known, shown, stretch };
}
