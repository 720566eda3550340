import type { Rate } from "../../optimizers/index.ts";
import type { Search } from "./search.ts";

/**
 * What a lane receives in a call, by its own steps: the learning rate, the factor and the width of
 * the likelihood, the factor of the ball's radius, whether one of these three has changed, and the
 * weight of the consensus.
 */
export type Schedule<Leaf> = {
  readonly rate: Leaf;
  readonly factor?: Leaf;
  readonly width?: Leaf;
  readonly shrink?: Leaf;
  readonly renewed?: Leaf;
  readonly agreement?: Leaf;
};

/**
 * The schedule of every lane and restart, each by its own steps, so that a lane does not depend on
 * its neighbors. The best value belongs to one objective: under another factor or width of the
 * likelihood a lane is renewed, and its record of the best starts over.
 */
export function schedulesOf({ rate, anneal, widen, shrink, steps }: Search) {
  const table = (schedule: Rate) => Float32Array.from({ length: steps + 1 }, (_, step) => schedule(Math.min(step, steps - 1), steps));
  const tables = {
    rate: table(rate),
    ...(anneal ? { factor: table(anneal) } : {}),
    ...(widen ? { width: table(widen) } : {}),
    ...(shrink ? { shrink: table(shrink) } : {}),
  };
  const all = Object.entries(tables);
  const changing = all.filter(([name]) => name !== "rate");
  let before: Float32Array | undefined;
  let now: Float32Array | undefined;
  return {
    at(done: Float32Array): Schedule<Float32Array> {
      now = done;
      const own: Record<string, Float32Array> = {};
      for (const [name, values] of all) own[name] = valuesAt(values, done);
      if (changing.length > 0)
        own.renewed = done.map((step, i) =>
          Number(before !== undefined && changing.some(([, values]) => values[step] !== values[before![i]!])),
        );
      return own as Schedule<Float32Array>;
    },
    /** The call was made, and its objective is the one to compare with. */
    made() {
      before = now;
    },
  };
}

/** The value of a table at each step. */
function valuesAt(table: Float32Array, steps: Float32Array): Float32Array {
  const values = new Float32Array(steps.length);
  for (let i = 0; i < steps.length; i++) values[i] = table[steps[i]!]!;
  return values;
}
