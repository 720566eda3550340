import type { NamedNumbers } from "../graph/index.ts";
import type { Model, Weights } from "../models/index.ts";

/** The last dense layer of a network, W h + b, with its part of an update. */
export interface LastLayer {
  /** The name of b. */
  readonly name: string;
  readonly classes: number;
  readonly features: number;
  /** W, [classes, features]. */
  readonly w: Float32Array;
  readonly b: Float32Array;
  /** What the update has for W and for b. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** The last matrix with a row for each class, if it has a bias. */
export function lastLayer({ parameters, classes }: Model, weights: Weights, update: NamedNumbers): LastLayer | undefined {
  const head = parameters.findLast(({ shape }) => shape.length === 2 && shape[0] === classes);
  const name = head?.name.replace(/weight$/, "bias");
  if (!head || name === undefined || name === head.name || !update.has(name)) return undefined;
  return {
    name,
    classes,
    features: head.shape[1]!,
    w: weights.get(head.name)!.data,
    b: weights.get(name)!.data,
    weight: update.get(head.name)!.data,
    bias: update.get(name)!.data,
  };
}

/** What the signs of a bias say: the gradient of a loss, or the step against it. */
interface Signs {
  readonly kind: "gradient" | "difference";
  readonly evidence: string;
}

/**
 * Whether the bias of the last layer has the signs of a gradient, or those of a step against it.
 * The gradient of the mean cross-entropy over B images is p̄ − n/B, with the mean probabilities p̄
 * and n images of a class. So the classes without images, all but at most B, have positive entries,
 * and the entries add up to 0.
 *
 * @param even whether the update is one of Adam, whose entries keep only their signs.
 * @returns undefined if neither holds, as with few classes or much noise.
 */
export function headSigns({ name, bias, classes }: LastLayer, batch: number, even: boolean): Signs | undefined {
  const total = bias.reduce((sum, entry) => sum + Math.abs(entry), 0);
  const sum = bias.reduce((all, entry) => all + entry, 0);
  // 16-bit storage leaves 2 % of a sum.
  if (total === 0 || (Math.abs(sum) > 0.05 * total && !even)) return undefined;
  const positive = bias.filter((entry) => entry > 0).length;
  const negative = bias.filter((entry) => entry < 0).length;
  const images = batch === 1 ? "one image" : `${batch} images`;
  const few = batch === 1 ? "exactly one entry" : `at most ${batch} entries`;
  const told = (sign: string, count: number) =>
    `in the gradient of the cross-entropy of ${images}, ${few} of ${name} ${batch === 1 ? "is" : "are"} negative, and here ${count} of ${classes} ${count === 1 ? "is" : "are"} ${sign}`;
  if (negative > batch && positive >= 1 && positive <= batch) return { kind: "difference", evidence: told("positive", positive) };
  if (positive > batch && negative >= 1 && negative <= batch) return { kind: "gradient", evidence: told("negative", negative) };
  return undefined;
}

/** A scale and how well it explains the last layer. */
export interface Fit {
  readonly scale: number;
  /** The relative distance that the scale leaves, in the last layer. */
  readonly misfit: number;
}

/**
 * How many times the gradient of one image an update is, by the last layer: it has s (p − q) hᵀ for
 * W and s (p − q) for b, with probabilities p = softmax(W h + b) and the smoothed label q. The
 * ratio of both is h, whatever s is, and h gives p; then s is fitted by least squares.
 *
 * @param sign 1 for a gradient, −1 for a step against it. The scale is positive in both.
 * @param smoothing the label smoothing of the loss.
 * @param label the label, if it is known; otherwise it is read off the signs.
 * @returns undefined if the scale comes out with the other sign, or the last layer has nothing.
 */
export function scaleOf(
  { classes, features, w, b, weight, bias }: LastLayer,
  sign: 1 | -1,
  smoothing: number,
  label = extreme(bias, sign),
): Fit | undefined {
  const squared = bias.reduce((sum, entry) => sum + entry ** 2, 0);
  if (squared === 0) return undefined;
  const h = new Float64Array(features);
  for (let c = 0; c < classes; c++) for (let i = 0; i < features; i++) h[i]! += (bias[c]! * weight[c * features + i]!) / squared;
  const logits = Float64Array.from(b, (entry, c) => h.reduce((sum, own, i) => sum + own * w[c * features + i]!, entry));
  const highest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((all, power) => all + power, 0);
  const residual = powers.map((power, c) => power / sum - (c === label ? 1 - smoothing : 0) - smoothing / classes);
  const own = residual.reduce((all, entry) => all + entry ** 2, 0);
  const scale = (sign * residual.reduce((all, entry, c) => all + entry * bias[c]!, 0)) / own;
  if (!(scale > 0) || !Number.isFinite(scale)) return undefined;
  let [left, whole] = [0, 0];
  for (let c = 0; c < classes; c++) {
    const expected = sign * scale * residual[c]!;
    left += (bias[c]! - expected) ** 2;
    whole += bias[c]! ** 2;
    for (let i = 0; i < features; i++) {
      left += (weight[c * features + i]! - expected * h[i]!) ** 2;
      whole += weight[c * features + i]! ** 2;
    }
  }
  return { scale, misfit: Math.sqrt(left / whole) };
}

/** The class whose entry is the most negative of a gradient: that of the image. */
function extreme(bias: Float32Array, sign: 1 | -1): number {
  let found = 0;
  for (let c = 1; c < bias.length; c++) if (sign * bias[c]! < sign * bias[found]!) found = c;
  return found;
}
