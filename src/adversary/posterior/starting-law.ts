import { logSumExp } from "../../distributions/index.ts";
import { constant, sizeOf, type Tensor, where } from "../../graph/index.ts";
import { areImages, type Model } from "../../models/index.ts";
import { fillNormal, fillUniform, type KeyBits } from "../../random/index.ts";

/** The law that chains start from. Its density is known, so that annealing can weigh the chains. */
export interface StartingLaw {
  /** The bounds of the entries in model space, [d]; absent for inputs without bounds. */
  readonly bounds?: { readonly low: Tensor; readonly high: Tensor };
  /** The logarithm of the density at x [d], up to a constant, given the found point [d]. */
  logProb(x: Tensor, found: Tensor): Tensor;
  /** Draws where a chain starts, into `out` [d]. */
  draw(key: KeyBits, found: Float32Array, out: Float32Array): void;
}

/** log exp(−z²/2) of each entry, for z = (x − mean) / s. */
const kernels = (x: Tensor, mean: Tensor, s: Tensor): Tensor => x.sub(mean).div(s).square().mul(-0.5);

/** Reflects a number at the ends of an interval that it lies at most one width away from. */
const reflected = (x: number, low: number, high: number): number => {
  const inside = x < low ? 2 * low - x : x > high ? 2 * high - x : x;
  return Math.min(high, Math.max(low, inside));
};

/** Inputs with bounds start around the found point within at most this part of their width. */
const widest = 1 / 8;

/**
 * The law that chains start from: N(0, I) in model space, or uniform on the box of images. With a
 * spread, it is narrow instead: normal around the point that the attacker's search found, and
 * reflected at the walls of the box.
 *
 * @param box whether images keep to the box.
 * @param spread the standard deviations of the narrow law, [d].
 */
export function startingLaw(model: Model, box: boolean, spread?: Float64Array): StartingLaw {
  const d = sizeOf(model.shape);
  if (!(box && areImages(model))) {
    const s = constant(spread ?? new Float64Array(d).fill(1));
    return {
      logProb: (x, found) => kernels(x, spread ? found : constant(0), s).sum(),
      draw: (key, found, out) => {
        fillNormal(key, out);
        if (spread) for (let i = 0; i < d; i++) out[i] = found[i]! + spread[i]! * out[i]!;
      },
    };
  }
  const { mean, std } = model.normalization;
  const channel = (i: number) => Math.floor((i * std.length) / d);
  const low = Float64Array.from({ length: d }, (_, i) => -mean[channel(i)]! / std[channel(i)]!);
  const widths = Float64Array.from({ length: d }, (_, i) => 1 / std[channel(i)]!);
  const high = low.map((end, i) => end + widths[i]!);
  const bounds = { low: constant(low), high: constant(high) };
  if (!spread)
    return {
      bounds,
      logProb: () => constant(0),
      draw: (key, _, out) => {
        fillUniform(key, out);
        for (let i = 0; i < d; i++) out[i] = low[i]! + out[i]! * widths[i]!;
      },
    };
  const own = spread.map((s, i) => Math.min(s, widest * widths[i]!));
  const s = constant(own);
  return {
    bounds,
    // A draw beyond a wall comes back: the density is that of the draw and of its reflections.
    logProb: (x, found) =>
      logSumExp([x, bounds.low.mul(2).sub(x), bounds.high.mul(2).sub(x)].map((image) => kernels(image, found, s))).sum(),
    draw: (key, found, out) => {
      fillNormal(key, out);
      for (let i = 0; i < d; i++) out[i] = reflected(found[i]! + own[i]! * out[i]!, low[i]!, high[i]!);
    },
  };
}

/** Reflects a moving point at the walls: its place and its velocity. */
export function reflect(
  x: Tensor,
  velocity: Tensor,
  bounds: StartingLaw["bounds"],
): { readonly x: Tensor; readonly velocity: Tensor; readonly inside?: Tensor } {
  if (!bounds) return { x, velocity };
  const { low, high } = bounds;
  const [under, over] = [x.less(low), x.greater(high)];
  const back = where(under, low.mul(2).sub(x), where(over, high.mul(2).sub(x), x));
  return {
    x: back,
    velocity: where(under.or(over), velocity.neg(), velocity),
    inside: back.sub(low).minimum(high.sub(back)).neg().max().lessEqual(0),
  };
}
