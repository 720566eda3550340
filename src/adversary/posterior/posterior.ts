import { LeakageError } from "../../errors.ts";
import { constant, sizeOf, type Tensor, vmap } from "../../graph/index.ts";
import { type Model, stretchedRadius } from "../../models/index.ts";
import type { Prior } from "../../priors/index.ts";
import { type CompileOptions, compileNested, inputsAt, numbersAt } from "../../runtime/index.ts";
import { type AssumptionAndSearch, assuming } from "../assuming.ts";
import type { Assumption, Neighborhood } from "../assumption.ts";
import type { Assumed, Attack, LaneProgress, Progress } from "../attack.ts";
import { numbersOf, objectiveOf } from "../objective.ts";
import type { Observations, Outline } from "../observations.ts";
import type { Search } from "../search/search.ts";
import { bestCenter, type Center } from "./center.ts";
import { callsOf, type Sampled, type Sampling, samplePosterior } from "./sample-posterior.ts";
import { startingLaw } from "./starting-law.ts";

/** The radius δ whose ball should hold most of the posterior, and the space that it is measured in. */
export type Radius = Pick<Neighborhood, "radius" | "space">;

/** The search for the likeliest point, and the prior that it climbs. */
export interface PointSearch {
  readonly search: Search;
  readonly prior: Prior;
}

/**
 * The attack of equation 2 (Balunović et al. 2022): the center of the ball of radius δ that holds
 * most of the posterior p(x | g). It first searches for the likeliest point, then draws from the
 * posterior by {@link samplePosterior}, and chooses the center by {@link bestCenter}. Its own
 * probability of success is counted on chains that took no part in the choice.
 *
 * A draw lies about d/2 nats below the likeliest point. Where the found point is more than d nats
 * above every draw, the chains have missed it: then it is the answer, and no probability is stated.
 *
 * It takes one input behind each update, whose label it is given.
 *
 * @param point how the likeliest point is searched. Its prior may be one without walls.
 */
export function maximizingMass(
  assumption: Omit<Assumption, "ball">,
  { search, prior }: PointSearch,
  sampling: Sampling,
  radius: Radius,
  named: Pick<Assumed, "prior">,
): Attack {
  const point = assuming({ ...assumption, prior }, search, named);
  const of = search.steps + callsOf(sampling) + 1;
  return {
    assumes: { ...point.assumes, radius: radius.radius, samples: sampling.chains * sampling.draws },
    work: { steps: of, restarts: search.restarts, points: sampling.chains, entries: assumption.likelihood.entries },
    check: (seen) => check(assumption, point, seen),
    async *reconstruct(seen, keys, run = {}) {
      check(assumption, point, seen);
      let found: Progress | undefined;
      for await (const progress of point.reconstruct(seen, keys, run)) {
        found = progress;
        yield { ...progress, of };
      }
      const end = found!;
      const before = end.lanes();
      const optimum = end.inputs();
      const target = targetOf(assumption, search, sampling, seen, optimum, radius);
      let sampled: Sampled | undefined;
      const report = (calls: number): Progress => ({
        step: search.steps + calls,
        of,
        lanes: () => before.map((lane) => ({ ...lane, evaluations: lane.evaluations + calls * sampling.chains })),
        inputs: () => optimum,
        labels: () => end.labels(),
      });
      for await (const now of samplePosterior({ ...target, keys }, sampling, run)) {
        sampled = now;
        yield report(now.calls);
      }
      const drawn = sampled!;
      const centers = await centersOf(drawn, optimum, halfAxesOf(seen.rounds[0]!.client.model, radius), sampling, run);
      // The search and the draws see the same density, unless the search climbs another or a softened
      // one.
      const comparable = prior === assumption.prior && !prior.softened;
      const missed = before.map((lane, l) => {
        const higher = lane.objective === null ? 0 : -lane.objective - drawn.highest[l]!;
        return drawn.failed[l]! || (comparable && higher > target.size);
      });
      const inputs = optimum.map((x, i) => (missed[Math.floor(i / target.size)] ? x : centers.center[i]!));
      yield {
        ...report(drawn.calls),
        step: of,
        lanes: () =>
          report(drawn.calls)
            .lanes()
            .map((lane, l) => judged(lane, l, drawn, centers, missed[l]!)),
        inputs: () => inputs,
      };
    },
  };
}

/** What a lane says at the end. */
function judged(
  lane: LaneProgress,
  l: number,
  drawn: Sampled,
  { success, rHat, effective }: Center<Float32Array>,
  missed: boolean,
): LaneProgress {
  if (drawn.failed[l]) return { ...lane, stopped: "massless" };
  return {
    ...lane,
    objective: null,
    matching: null,
    // Where the chains missed the found point, that point is the answer, and so is how its search ended.
    stopped: missed ? lane.stopped : null,
    ...(missed ? {} : { success: success[l]! }),
    mixing: {
      acceptance: drawn.acceptance[l]!,
      rHat: rHat[l]!,
      effective: effective[l]!,
      leastShare: drawn.leastShare[l]!,
    },
  };
}

function check({ prior }: Omit<Assumption, "ball">, point: AssumptionAndSearch, seen: Outline): void {
  if (prior.score)
    throw new LeakageError(
      "spec",
      "This prior has only a score and no density, and draws from the posterior are accepted by their density; use a prior with a density.",
    );
  if (seen.batchSize > 1)
    throw new LeakageError(
      "spec",
      `attack posterior takes one input behind each update, and the batch has ${seen.batchSize}: in which order they are would make modes of their own. Use --batch 1, or the attack bayes.`,
    );
  if (!seen.labels)
    throw new LeakageError(
      "spec",
      "attack posterior needs labels, because logits that are searched have no prior: use --labels known or recovered.",
    );
  point.check?.(seen);
}

/** δ in model space, for each entry of an input. */
const halfAxesOf = (model: Model, { radius, space }: Radius): Float64Array =>
  space === "model" ? new Float64Array(sizeOf(model.shape)).fill(radius) : stretchedRadius(model, radius);

/** The posterior of all lanes, as the sampler takes it. */
function targetOf(
  assumption: Omit<Assumption, "ball">,
  search: Search,
  { from }: Sampling,
  seen: Observations,
  found: Float32Array,
  radius: Radius,
) {
  const { model } = seen.rounds[0]!.client;
  // Draws follow the density itself, also where a search climbs a softened one.
  const { softened: _, ...prior } = assumption.prior;
  const { joint, factors } = objectiveOf({ ...assumption, prior }, search, seen);
  const size = sizeOf(model.shape);
  return {
    lanes: seen.lanes,
    size,
    seen: numbersOf(seen, factors),
    logDensity: (own: Parameters<typeof joint>[0]["seen"]) => (x: Tensor) => {
      const { likelihood, prior } = joint({ seen: own, exact: true })(x);
      return likelihood.add(prior);
    },
    // Around the found point, chains start about δ away.
    law: startingLaw(model, search.box, from === "found" ? halfAxesOf(model, radius).map((axis) => axis / Math.sqrt(size)) : undefined),
    found,
  };
}

/** The best center of every lane. */
async function centersOf(
  { points }: Sampled,
  found: Float32Array,
  halfAxes: Float64Array,
  { chains, draws }: Sampling,
  options: CompileOptions,
): Promise<Center<Float32Array>> {
  const d = halfAxes.length;
  const lanes = found.length / d;
  const places = {
    draws: { shape: [lanes, chains, draws, d], data: points },
    found: { shape: [lanes, d], data: found },
  };
  const one = (lane: { readonly draws: Tensor; readonly found: Tensor }) => bestCenter(lane.draws, lane.found, constant(halfAxes));
  const program = await compileNested(vmap(one)(inputsAt(places)), options);
  try {
    return await program.run(numbersAt(places));
  } finally {
    await program.dispose();
  }
}
