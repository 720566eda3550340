import { fillUniform, type KeyBits } from "../../random/index.ts";
import type { Chain } from "./leapfrog.ts";
import { ancestors, effectiveShare, nextHeat } from "./tempering.ts";

/** A lane as its chains run. */
export interface Lane {
  heat: number;
  step: number;
  readonly scale: Float64Array;
  leastShare: number;
  acceptance: number;
  highest: number;
  failed: boolean;
}

/** The mean of some numbers. */
export const mean = (numbers: Float32Array): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** How much farther the chains with longer steps jump than those with shorter ones: −1 to 1. */
export function preference(jumps: Float32Array): number {
  const [longer, shorter] = [0, 1].map((odd) => mean(jumps.filter((_, c) => c % 2 === odd)));
  return longer! + shorter! > 0 ? (longer! - shorter!) / (longer! + shorter!) : -1;
}

/** The chains of one lane among all. */
interface Ours {
  readonly chain: Chain<Float32Array>;
  /** The first of them. */
  readonly from: number;
  readonly chains: number;
  readonly size: number;
}

/**
 * Raises β of a lane, and resamples its chains by their weights.
 *
 * @param part the part of the annealing that is over after this step.
 */
export function raise(lane: Lane, { chain, from, chains, size }: Ours, part: number, key: KeyBits): void {
  const gains = Array.from({ length: chains }, (_, c) => chain.log[from + c]! - chain.start[from + c]!);
  const heat = nextHeat(lane.heat, gains, Math.min(1, part));
  const logs = gains.map((gain) => (heat - lane.heat) * gain);
  const u = new Float64Array(1);
  fillUniform(key, u);
  const parents = ancestors(logs, u[0]!);
  lane.leastShare = Math.min(lane.leastShare, effectiveShare(logs, 1));
  lane.heat = heat;
  for (const name of ["state", "slope"] as const) gatherRows(chain[name].subarray(from * size, (from + chains) * size), parents, size);
  for (const name of ["log", "start"] as const) gatherRows(chain[name].subarray(from, from + chains), parents, 1);
}

/** Adapts the scales of a lane to the standard deviations over its chains. */
export function rescale(lane: Lane, { chain, from, chains, size }: Ours): void {
  for (let i = 0; i < size; i++) {
    let [sum, squares] = [0, 0];
    for (let c = 0; c < chains; c++) {
      const x = chain.state[(from + c) * size + i]!;
      sum += x;
      squares += x * x;
    }
    const deviation = Math.sqrt(Math.max(0, squares / chains - (sum / chains) ** 2));
    // Few ancestors would look like a narrow law: a scale changes by at most a factor of 2 at once.
    lane.scale[i] = Math.min(2 * lane.scale[i]!, Math.max(lane.scale[i]! / 2, deviation));
  }
}

/** Replaces each row by that of its parent. */
function gatherRows(rows: Float32Array, parents: readonly number[], size: number): void {
  const before = rows.slice();
  parents.forEach((parent, c) => {
    rows.set(before.subarray(parent * size, (parent + 1) * size), c * size);
  });
}
