import type { Bytes } from "./bytes.ts";
import { brightened, colored, contrasted, sharpened } from "./enhance.ts";
import { rotated, sheared, showing, translated } from "./geometry.ts";
import { equalizing, histogramOf, inverting, lookedUp, posterizing, solarizing, stretching } from "./lookups.ts";

/** The operations that transformations are made of. */
type Operation =
  | "shear-y"
  | "translate-x"
  | "translate-y"
  | "rotate"
  | "brightness"
  | "color"
  | "contrast"
  | "sharpness"
  | "autocontrast"
  | "equalize"
  | "invert"
  | "posterize"
  | "solarize";

/** One transformation of the library. */
export interface Transformation {
  readonly operation: Operation;
  /**
   * How strong it is: the slope of a shear, the share of the width or height of a shift, degrees, the
   * distance of a factor from 1, bits that stay, the threshold; 0 where there is nothing to say.
   */
  readonly magnitude: number;
  /** Whether its sign is drawn at random. */
  readonly signed: boolean;
}

/** The sign of a transformation: of a shear, of a shift, or of the distance of a factor from 1. */
export type Sign = -1 | 1;

/** Magnitudes have ten values, which are equally far apart, as NumPy rounds them. */
const between = (from: number, to: number) => (index: number) => (index === 9 ? to : index * ((to - from) / 9) + from);

const magnitudes: Readonly<Record<Operation, (index: number) => number>> = {
  "shear-y": between(0, 0.3),
  "translate-x": between(0, 150 / 331),
  "translate-y": between(0, 150 / 331),
  rotate: between(0, 30),
  brightness: between(0, 0.5),
  color: between(0, 0.5),
  contrast: between(0, 0.5),
  sharpness: between(0, 0.5),
  autocontrast: () => 0,
  equalize: () => 0,
  invert: () => 0,
  posterize: (index) => Math.round(between(8, 4)(index)),
  solarize: between(256, 0),
};

const signed: readonly Operation[] = ["shear-y", "translate-x", "translate-y", "brightness", "color", "contrast", "sharpness"];

const of = (operation: Operation, index = 0): Transformation => ({
  operation,
  magnitude: magnitudes[operation](index),
  signed: signed.includes(operation),
});

/**
 * The 50 transformations of ATS by their index (Gao et al. 2021), with the magnitudes of the code of
 * the attack's authors. Some are equal.
 */
export const library: readonly Transformation[] = [
  of("invert"),
  of("contrast", 6),
  of("rotate", 2),
  of("translate-x", 9),
  of("sharpness", 1),
  of("sharpness", 3),
  of("shear-y", 2),
  of("translate-y", 2),
  of("autocontrast"),
  of("equalize"),
  of("shear-y", 5),
  of("posterize", 5),
  of("color", 3),
  of("brightness", 5),
  of("sharpness", 9),
  of("brightness", 9),
  of("equalize"),
  of("equalize"),
  of("contrast", 7),
  of("sharpness", 5),
  of("color", 5),
  of("translate-x", 5),
  of("equalize"),
  of("autocontrast"),
  of("translate-y", 3),
  of("sharpness", 6),
  of("brightness", 6),
  of("color", 8),
  of("solarize", 0),
  of("invert"),
  of("equalize"),
  of("autocontrast"),
  of("equalize"),
  of("equalize"),
  of("color", 5),
  of("equalize"),
  of("autocontrast"),
  of("solarize", 4),
  of("brightness", 3),
  of("color", 0),
  of("solarize", 1),
  of("autocontrast"),
  of("translate-y", 3),
  of("translate-y", 3),
  of("autocontrast"),
  of("solarize", 1),
  of("equalize"),
  of("invert"),
  of("translate-y", 3),
  of("autocontrast"),
];

/** The level of gray that a turn leaves in the corners. */
export const turnFill = 128;

/** What pixels of an image show after a transformation that moves whole pixels. */
export function sourcesOf({ operation, magnitude }: Transformation, { height, width }: Pick<Bytes, "height" | "width">, sign: Sign) {
  if (operation === "translate-x") return translated({ height, width }, 0, sign * magnitude * width);
  if (operation === "translate-y") return translated({ height, width }, sign * magnitude * height, 0);
  return operation === "rotate" ? rotated({ height, width }, magnitude) : undefined;
}

/** An image after a transformation, as Pillow computes it. */
export function transformed(image: Bytes, transformation: Transformation, sign: Sign): Bytes {
  const { operation, magnitude } = transformation;
  const factor = 1 + sign * magnitude;
  switch (operation) {
    case "translate-x":
    case "translate-y":
      return showing(image, sourcesOf(transformation, image, sign)!, 0);
    case "rotate":
      return showing(image, sourcesOf(transformation, image, sign)!, turnFill);
    case "shear-y":
      return sheared(image, "y", sign * magnitude);
    case "brightness":
      return brightened(image, factor);
    case "color":
      return colored(image, factor);
    case "contrast":
      return contrasted(image, factor);
    case "sharpness":
      return sharpened(image, factor);
    case "autocontrast":
      return lookedUp(image, (channel) => stretching(histogramOf(image, channel)));
    case "equalize":
      return lookedUp(image, (channel) => equalizing(histogramOf(image, channel)));
    case "invert":
      return lookedUp(image, () => inverting);
    case "posterize":
      return lookedUp(image, () => posterizing(magnitude));
    case "solarize":
      return lookedUp(image, () => solarizing(magnitude));
  }
}
