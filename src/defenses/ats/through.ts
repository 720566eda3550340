import { addAll, concat, constant, type NamedNumbers, type ShapedNumbers, type Tensor, where } from "../../graph/index.ts";
import type { Bytes } from "./bytes.ts";
import { smoothing } from "./enhance.ts";
import { outside, type Sources, shearedAt } from "./geometry.ts";
import { library, type Sign, sourcesOf, type Transformation, transformed, turnFill } from "./library.ts";
import { equalizing, histogramOf } from "./lookups.ts";
import { type Ats, type Case, framed, type Policy } from "./policy.ts";

type Extent = Pick<Bytes, "height" | "width">;

/** The straight pieces of the curve that stands for an equalization. */
const pieces = 32;

const numbers = (shape: readonly number[], data: ArrayLike<number>): ShapedNumbers => ({ shape, data: Float32Array.from(data) });

/** Which rows and which columns a move of whole rows and columns takes, as matrices of 0 and 1. */
function lines({ height, width }: Extent, sources: Sources): Record<"rows" | "columns", ShapedNumbers> {
  const [rows, columns] = [new Float32Array(height * height), new Float32Array(width * width)];
  sources.forEach((source, at) => {
    if (source === outside) return;
    rows[Math.floor(at / width) * height + Math.floor(source / width)] = 1;
    columns[(at % width) * width + (source % width)] = 1;
  });
  return { rows: numbers([height, height], rows), columns: numbers([width, width], columns) };
}

/** The numbers of a transformation that depend on chance, or on the image that it meets. */
function numbersOfStage(transformation: Transformation, sign: Sign, met: Bytes): Readonly<Record<string, ShapedNumbers>> {
  const { operation, magnitude } = transformation;
  switch (operation) {
    case "translate-x":
    case "translate-y":
      return lines(met, sourcesOf(transformation, met, sign)!);
    case "shear-y":
      return { positive: numbers([], [sign > 0 ? 1 : 0]) };
    case "brightness":
    case "color":
    case "contrast":
    case "sharpness":
      return { factor: numbers([], [1 + sign * magnitude]) };
    case "equalize": {
      const knots = Array.from({ length: met.channels }, (_, channel) => {
        const lookup = equalizing(histogramOf(met, channel));
        return Array.from({ length: pieces + 1 }, (_, k) => lookup[Math.round((255 * k) / pieces)]! / 255);
      });
      return { curve: numbers([met.channels, pieces + 1], knots.flat()) };
    }
    default:
      return {};
  }
}

/**
 * The numbers of one case, by name, for {@link through}.
 *
 * @param original what the case is thought to begin at; an equalization is the one of this image.
 */
export function numbersOfCase(original: Bytes, ats: Ats, drawn: Case): NamedNumbers {
  const named = new Map<string, ShapedNumbers>();
  const add = (stage: number, own: Readonly<Record<string, ShapedNumbers>>) => {
    for (const [name, value] of Object.entries(own)) named.set(`${stage}.${name}`, value);
  };
  const frame = framed(original, ats, drawn);
  add(0, lines(original, frame));
  const plane = original.height * original.width;
  let met: Bytes = {
    ...original,
    data: original.data.map((_, i) => (frame[i % plane] === outside ? 0 : original.data[i - (i % plane) + frame[i % plane]!]!)),
  };
  ats.policies[drawn.policy]!.forEach((index, i) => {
    const transformation = library[index]!;
    add(i + 1, numbersOfStage(transformation, drawn.signs[i]!, met));
    met = transformed(met, transformation, drawn.signs[i]!);
  });
  return named;
}

/** What pixels of x [c, h, w] show, and a fill where they lie outside. */
function showing(x: Tensor, sources: Sources, fill: number): Tensor {
  const [channels, height, width] = x.shape as [number, number, number];
  const taken = x.reshape([channels, height * width]).gather(
    1,
    sources.map((source) => Math.max(0, source)),
  );
  const inside = constant(
    Float64Array.from(sources, (source) => Number(source !== outside)),
    [1, sources.length],
  );
  return taken.mul(inside).add(inside.neg().add(1).mul(fill)).reshape(x.shape);
}

/** The weights of four neighbors along a line in Pillow's cubic, at d between the two in the middle. */
const cubicWeights = (d: number): readonly number[] => [
  d * (-1 + d * (2 - d)),
  1 + d * d * (d - 2),
  d * (1 + d * (1 - d)),
  d * d * (d - 1),
];

/** A shear along y, for one sign. */
function sheared(x: Tensor, slope: number): Tensor {
  const [, height, width] = x.shape as [number, number, number];
  const at = Array.from({ length: height * width }, (_, i) => {
    const from = shearedAt(Math.floor(i / width), i % width, slope);
    const above = Math.floor(from - 0.5);
    return { inside: from >= 0 && from < height, above, weights: cubicWeights(from - 0.5 - above), column: i % width };
  });
  const terms = [-1, 0, 1, 2].map((k, tap) => {
    const sources = Int32Array.from(at, ({ above, column }) => Math.min(height - 1, Math.max(0, above + k)) * width + column);
    const weights = constant(
      Float64Array.from(at, ({ inside, weights }) => (inside ? weights[tap]! : 0)),
      [1, height, width],
    );
    return showing(x, sources, 0).mul(weights);
  });
  return addAll(terms)!.clip(0, 1);
}

/** The luma of x [c, h, w], as [1, h, w]. */
function luma(x: Tensor): Tensor {
  if (x.shape[0] === 1) return x;
  return x.mul(constant([0.299, 0.587, 0.114], [3, 1, 1])).sum(0, true);
}

/** The mean over 3 × 3 pixels, the middle one five times. Pixels at the border stay. */
function smoothed(x: Tensor): Tensor {
  const [channels, height, width] = x.shape as [number, number, number];
  if (height < 3 || width < 3) return x;
  const inner = [channels, height - 2, width - 2];
  const at = (row: number, column: number) =>
    x.slice([0, row, column], inner).mul(row === 1 && column === 1 ? smoothing.center : smoothing.neighbor);
  const middle = addAll([0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => at(row, column))))!;
  const border = constant(
    Float64Array.from({ length: height * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return Number(row === 0 || row === height - 1 || column === 0 || column === width - 1);
    }),
    [1, height, width],
  );
  return middle.pad([0, 1, 1], [0, 1, 1]).add(x.mul(border));
}

const blended = (from: Tensor, x: Tensor, factor: Tensor): Tensor => from.add(x.sub(from).mul(factor)).clip(0, 1);

/** Stretches each channel of x [c, h, w] from its lowest to its highest entry. */
function stretched(x: Tensor): Tensor {
  const extreme = (of: Tensor) => of.reshape([x.shape[0]!, -1]).max(1).reshape([x.shape[0]!, 1, 1]);
  const lowest = extreme(x.neg()).neg();
  return x.sub(lowest).div(
    extreme(x)
      .sub(lowest)
      .maximum(1 / 255),
  );
}

/** A curve of straight pieces through its knots [c, pieces + 1], at x [c, h, w] from 0 to 1. */
function curved(x: Tensor, curve: Tensor): Tensor {
  const knot = (k: number) => curve.range(1, k, k + 1).reshape([x.shape[0]!, 1, 1]);
  const rises = Array.from({ length: pieces }, (_, k) =>
    x
      .mul(pieces)
      .sub(k)
      .clip(0, 1)
      .mul(knot(k + 1).sub(knot(k))),
  );
  return addAll([knot(0), ...rises])!;
}

function throughStage(x: Tensor, { operation, magnitude }: Transformation, own: (name: string) => Tensor, sources: () => Sources): Tensor {
  switch (operation) {
    case "translate-x":
    case "translate-y":
      return taking(x, own);
    case "rotate":
      return showing(x, sources(), turnFill / 255);
    case "shear-y": {
      const positive = own("positive");
      return sheared(x, magnitude)
        .mul(positive)
        .add(sheared(x, -magnitude).mul(positive.neg().add(1)));
    }
    case "brightness":
      return blended(constant(0), x, own("factor"));
    case "color":
      return blended(luma(x), x, own("factor"));
    case "contrast":
      return blended(luma(x).mean(), x, own("factor"));
    case "sharpness":
      return blended(smoothed(x), x, own("factor"));
    case "autocontrast":
      return stretched(x);
    case "equalize":
      return curved(x, own("curve"));
    case "invert":
      return x.neg().add(1);
    case "posterize":
      // On average it takes half of what the dropped bits can hold.
      return x.sub((2 ** (8 - magnitude) - 1) / 510);
    case "solarize":
      return where(x.less(magnitude / 255), x, x.neg().add(1));
  }
}

const taking = (x: Tensor, own: (name: string) => Tensor): Tensor => own("rows").matmul(x).matmul(own("columns"), false, true);

/**
 * An image after a case of a policy, with derivatives: what {@link applied} computes, not rounded.
 * The roundings are left out, posterizing passes derivatives as if it did nothing, and equalizing is
 * a fixed curve.
 *
 * @param x the image [c, h, w] in pixel space.
 * @param number gives the numbers of the case by name; see {@link numbersOfCase}.
 */
export function through(x: Tensor, policy: Policy, number: (name: string) => Tensor): Tensor {
  const [, height, width] = x.shape as [number, number, number];
  const own = (stage: number) => (name: string) => number(`${stage}.${name}`);
  return policy.reduce(
    (changed, index, i) => {
      const transformation = library[index]!;
      return throughStage(changed, transformation, own(i + 1), () => sourcesOf(transformation, { height, width }, 1)!);
    },
    taking(x, own(0)),
  );
}

/** Images [b, c, h, w] in pixel space, each after a case of a policy of its own. */
export const throughAll = (x: Tensor, policies: readonly Policy[], number: (image: number) => (name: string) => Tensor): Tensor =>
  concat(
    policies.map((policy, b) => {
      const shape = x.shape.slice(1);
      return through(x.range(0, b, b + 1).reshape(shape), policy, number(b)).reshape([1, ...shape]);
    }),
  );
