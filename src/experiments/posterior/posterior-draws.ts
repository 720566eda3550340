import { z } from "zod";
import { type Attack, assuming, type LaneProgress, maximizingMass, type Progress, type Search } from "../../adversary/index.ts";
import { gaussianSet } from "../../data/index.ts";
import { laplacianLikelihood } from "../../defenses/index.ts";
import { adam, constantRate } from "../../optimizers/index.ts";
import { type Prior, priors } from "../../priors/index.ts";
import { foldIn, keyFromSeed, stream } from "../../random/index.ts";
import { examplesOf } from "../../scenario/index.ts";
import type { ExperimentRun } from "../experiment.ts";
import { figure4Params } from "../figure-4/figure-4-params.ts";
import { type SyntheticDraws, type SyntheticNetwork, syntheticNetwork } from "../figure-4/synthetic-network.ts";
import type { PosteriorParams } from "./posterior-params.ts";

const sampled = z.strictObject({
  distance: z.number(),
  success: z.number(),
  acceptance: z.number(),
  rHat: z.number(),
  effective: z.number(),
});

/** What is kept of one draw: how far each attack ended from the original, and what it said. */
export const outcomeSchema = z.strictObject({ point: z.number(), posterior: z.array(sampled).length(2) });
export type Outcome = z.output<typeof outcomeSchema>;

/** The first draw that δ is chosen on. Scored draws have lower indices. */
const firstTuningDraw = 1_000_000;

/** The network of figure 4 behind Laplace noise of one scale, and its attacks. */
export interface Cell {
  /** How far the point attack ends from the originals of draws that are not scored. */
  tuningDistances(): Promise<number[]>;
  /** Attacks draws `from` to `to` with all attacks. */
  outcomes(delta: number, from: number, to: number): Promise<Outcome[]>;
}

/** What is attacked: the scale of the noise, and the number of a network of figure 4. */
export interface Setting {
  readonly scale: number;
  readonly network: number;
}

/** The cell of a setting. A network has the same inputs for every scale. */
export async function cellOf(
  params: PosteriorParams,
  { scale, network: number }: Setting,
  { spec, machine }: Pick<ExperimentRun, "spec" | "machine">,
): Promise<Cell> {
  const { width, classes, dimension, lanes, tuning } = params;
  const key = foldIn(stream(keyFromSeed(spec.seed), "network"), number);
  const network: SyntheticNetwork = await syntheticNetwork({ ...defaults, dimension, scale }, { width, classes }, key, machine);
  const examples = examplesOf(gaussianSet({ dimension, classes, split: "test" }, stream(key, "vectors")));
  const gaussian = priors.build("gaussian");
  const likelihood = laplacianLikelihood(scale);
  const search: Search = {
    optimizer: adam(),
    steps: params.steps,
    rate: constantRate(0.1),
    start: "normal",
    box: false,
    restarts: 1,
    result: "last",
  };
  const point = assuming({ likelihood, prior: gaussian }, search, { prior: "gaussian" });
  const posterior = (prior: Prior, name: string, delta: number) =>
    maximizingMass(
      { likelihood, prior },
      { search, prior: gaussian },
      { ...params, from: "everywhere" },
      { radius: delta, space: "model" },
      { prior: name },
    );
  const attacked = async (attack: Attack, { seen, x, start, keys }: SyntheticDraws) => {
    let end: Progress | undefined;
    for await (const progress of attack.reconstruct(seen, keys, { ...machine, start })) end = progress;
    const found = end!.inputs();
    const distances = Array.from({ length: seen.lanes }, (_, lane) =>
      Math.hypot(...Array.from({ length: dimension }, (_, i) => found[lane * dimension + i]! - x[lane * dimension + i]!)),
    );
    return { distances, lanes: end!.lanes() };
  };
  return {
    tuningDistances: async () => {
      const all: number[] = [];
      for (let at = 0; at < tuning; at += lanes)
        all.push(...(await attacked(point, await network.draws(firstTuningDraw + at, lanes))).distances);
      return all.slice(0, tuning);
    },
    outcomes: async (delta, from, to) => {
      const all: Outcome[] = [];
      const both = [posterior(gaussian, "gaussian", delta), posterior(priors.build("gaussian-cone", { examples }), "cone", delta)];
      for (let at = from; at < to; at += lanes) {
        // Programs have as many lanes each; those beyond the last draw are not counted.
        const draws = await network.draws(at, lanes);
        const points = await attacked(point, draws);
        const made: Awaited<ReturnType<typeof attacked>>[] = [];
        for (const attack of both) made.push(await attacked(attack, draws));
        points.distances.forEach((distance, lane) => {
          all.push({ point: distance, posterior: made.map(({ distances, lanes }) => told(distances[lane]!, lanes[lane]!)) });
        });
      }
      return all.slice(0, to - from);
    },
  };
}

/** What figure 4 chooses for its networks. */
const defaults = z.object(figure4Params).parse({});

function told(distance: number, { success, mixing }: LaneProgress): Outcome["posterior"][number] {
  // Where no chain found a point with any density, none has moved.
  const { acceptance, rHat, effective } = mixing ?? { acceptance: 0, rHat: Number.MAX_VALUE, effective: 0 };
  return { distance, success: success ?? 0, acceptance, rHat, effective };
}
