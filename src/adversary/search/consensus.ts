import { input, type Shape, sizeOf, stack, type Tensor, vmap } from "../../graph/index.ts";
import { type CompileOptions, compile } from "../../runtime/index.ts";
import type { Group } from "./search.ts";

/**
 * The sources of the entries of an image [h, w], for each translation of at most `shift` pixels per
 * axis. The edge of the image is repeated.
 */
function translations(h: number, w: number, shift: number): { count: number; sources: Int32Array } {
  const side = 2 * shift + 1;
  const clamp = (at: number, extent: number) => Math.min(extent - 1, Math.max(0, at));
  const sources = Int32Array.from({ length: side * side * h * w }, (_, at) => {
    const [move, place] = [Math.floor(at / (h * w)), at % (h * w)];
    const row = clamp(Math.floor(place / w) + Math.floor(move / side) - shift, h);
    return row * w + clamp((place % w) + (move % side) - shift, w);
  });
  return { count: side * side, sources };
}

/**
 * What the restarts [R, B, ...] of one lane agree on, [B, ...]: their mean, after each image has
 * been registered to the plain mean.
 */
export function agreement(restarts: Tensor, shift: number): Tensor {
  const mean = restarts.mean(0);
  const [r, b, ...shape] = restarts.shape as [number, number, ...number[]];
  if (shape.length !== 3 || shift === 0) return mean;
  const [c, h, w] = shape as [number, number, number];
  const { count, sources } = translations(h, w, shift);
  const moved = restarts
    .reshape([r, b, c, h * w])
    .gather(3, sources)
    .reshape([r, b, c, count, h * w]);
  const distances = moved
    .sub(mean.reshape([b, c, 1, h * w]))
    .square()
    .sum([2, 4]);
  const nearest = distances.neg().argmax().oneHot(count);
  return moved
    .mul(nearest.reshape([r, b, 1, count, 1]))
    .sum(3)
    .mean(0)
    .reshape([b, c, h, w]);
}

/** The consensus of all lanes, which is updated as the search proceeds. */
export interface Consensus {
  /**
   * What restarts agree on at a step, [lanes, restarts, size], and the weight of the term, which is
   * 0 before the term begins.
   */
  at(step: number, points: Float32Array): Promise<{ readonly x: Float32Array; readonly weight: number }>;
  dispose(): Promise<void>;
}

/**
 * Compiles the update of the consensus for points [lanes, restarts, size] that begin with inputs
 * [B, ...].
 */
export async function openConsensus(
  { weight, from, every, shift }: Group,
  lanes: Shape,
  { size, inputs }: { readonly size: number; readonly inputs: Shape },
  options: CompileOptions,
): Promise<Consensus> {
  const [count, restarts] = lanes as [number, number];
  const pixels = sizeOf(inputs);
  const refresh = vmap((points: Tensor) => {
    const agreed = agreement(points.range(-1, 0, pixels).reshape([restarts, ...inputs]), shift).reshape([pixels]);
    return stack(Array.from({ length: restarts }, () => agreed));
  })(input("points", [count, restarts, size]));
  const program = await compile({ consensus: refresh }, options);
  let current = new Float32Array(count * restarts * pixels);
  let refreshed = -1;
  return {
    at: async (step, points) => {
      if (step >= from && (refreshed < 0 || step >= refreshed + every)) {
        current = (await program.run({ points })).consensus as Float32Array<ArrayBuffer>;
        refreshed = step;
      }
      return { x: current, weight: refreshed < 0 ? 0 : weight };
    },
    dispose: () => program.dispose(),
  };
}
