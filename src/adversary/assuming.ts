import { constant } from "../graph/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { Assumption, Layout } from "./assumption.ts";
import type { Assumed, Attack, LaneProgress, Progress, Stop } from "./attack.ts";
import type { Observations } from "./observations.ts";
import { checkAssumption, objectiveAt, pose } from "./pose.ts";
import { type Iterate, minimize, slowestStep } from "./search/minimize.ts";
import type { Search } from "./search/search.ts";

/** An attack with its assumption and its search. */
export interface AssumptionAndSearch extends Attack {
  readonly assumption: Assumption;
  readonly search: Search;
}

/**
 * The attack that maximizes log p(g | x) + log p(x) for its assumption by the given search, on
 * average over the ball. Likelihoods of several rounds add. If the observations have no labels, it
 * searches them together with the inputs, as probabilities softmax(ŷ). If the assumption says so, it
 * also searches what the network drew.
 *
 * Both densities are taken without their constants. The constants change neither the maximum nor
 * any step, and would leave float32 without digits. The objectives that the attack reports lack
 * them.
 *
 * If the search has a box, the prior is 0 outside it, and points of the ball are projected onto
 * it. Almost no point of a ball in thousands of dimensions lies inside by itself: Jensen's bound
 * would be −∞ and the mean probability 0 on every image with a black pixel. The same holds for the
 * support of a prior that is 0 somewhere; a search on such a prior begins inside.
 *
 * @param named the prior's name in reports, which the prior itself does not have, and the rule that
 * reads labels off an update.
 *
 * @example
 * ```ts
 * const attack = assuming(
 *   { likelihood: gaussianLikelihood(0.01), prior: priors.build("gaussian") },
 *   { optimizer: adam(), steps: 300, rate: constantRate(0.1), start: "normal", box: true, restarts: 1, result: "last" },
 *   { prior: "gaussian" },
 * );
 * ```
 */
export const assuming = (
  assumption: Assumption,
  search: Search,
  named: Pick<Assumed, "prior"> & Pick<Attack, "labelRule">,
): AssumptionAndSearch => {
  const { ball } = assumption;
  return {
    assumption,
    search,
    assumes: {
      law: assumption.likelihood.name,
      prior: named.prior,
      radius: ball?.radius ?? 0,
      ...(ball && search.shrink ? { shrunkRadius: ball.radius * search.shrink(search.steps - 1, search.steps) } : {}),
      samples: ball?.samples ?? 1,
    },
    work: {
      steps: search.steps,
      restarts: search.restarts,
      points: ball?.samples ?? 1,
      entries: assumption.likelihood.entries,
    },
    ...(named.labelRule ? { labelRule: named.labelRule } : {}),
    ...(assumption.likelihood.anyScale ? { anyScale: true } : {}),
    check: (seen) => checkAssumption(assumption, search, seen),
    async *reconstruct(seen, keys, run = {}) {
      const { problem, layout, begun } = pose(assumption, search, seen, keys, run.start);
      for await (const iterate of minimize(search, problem, run)) yield progress(search, seen, iterate, layout, begun);
    },
    // Without the values of its prior, or with draws that belong to no batch, an objective cannot be
    // compared between batches.
    ...(assumption.prior.score || assumption.draws
      ? {}
      : { objective: (seen, at, keys, run = {}) => objectiveAt(assumption, search, seen, at, keys, run) }),
  };
};

/** Whether an attack was made by {@link assuming} and exposes its parts. */
export const isAssuming = (attack: Attack): attack is AssumptionAndSearch => "assumption" in attack;

/** A root mean square displacement below this, in model space, is none. */
const still = 1e-3;

function displacement(answer: Float32Array, begun: ArrayLike<number>, from: number, inputs: number): number {
  let sum = 0;
  for (let i = 0; i < inputs; i++) sum += (answer[i]! - begun[from + i]!) ** 2;
  return Math.sqrt(sum / inputs);
}

const total = (counts: Float32Array): number => counts.reduce((sum, count) => sum + count, 0);

const number = (value: number): number | null => (Number.isFinite(value) ? value : null);

/**
 * Reads an iterate. Of each lane it takes the restart that explains the update best, as far as the
 * attacker can tell.
 */
function progress(
  search: Search,
  seen: Observations,
  iterate: Iterate,
  { inputs, labels, size }: Layout,
  begun: ArrayLike<number>,
): Progress {
  const { restarts } = search;
  const judged = search.choose === "likelihood" ? iterate.matching : iterate.value;
  const step = slowestStep(iterate, search.steps);
  // What has stopped in a way that counts as a failure is chosen only where everything has.
  const stopOf = (i: number): Stop | null => {
    if (iterate.failed[i]) return "nan";
    if (iterate.value[i] === Number.POSITIVE_INFINITY) return "massless";
    if (iterate.stuck[i]) return "stuck";
    if (step >= search.steps && displacement(answerOf(i), begun, i * size, inputs) < still)
      return iterate.converged[i] ? "stuck" : "unmoved";
    return iterate.converged[i] ? "converged" : null;
  };
  const isBest = (i: number): boolean => iterate.failed[i] === 1 || search.result === "best";
  const answerOf = (i: number) => (isBest(i) ? iterate.bestPoint : iterate.point).subarray(i * size, (i + 1) * size);
  const { classes } = seen.rounds[0]!.client.model;
  const chosen = () =>
    Array.from({ length: seen.lanes }, (_, lane) => {
      let best = lane * restarts;
      for (let i = best + 1; i < (lane + 1) * restarts; i++)
        if (iterate.failed[best] || (!iterate.failed[i] && judged[i]! < judged[best]!)) best = i;
      return best;
    });
  const rows = (from: number, to: number) => {
    const out = new Float32Array(seen.lanes * (to - from));
    chosen().forEach((i, lane) => {
      out.set(answerOf(i).subarray(from, to), lane * (to - from));
    });
    return out;
  };
  return {
    step,
    of: search.steps,
    lanes: () =>
      chosen().map(
        (i): LaneProgress => ({
          objective: number((isBest(i) ? iterate.bestValue : iterate.value)[i]!),
          matching: number(iterate.matching[i]!),
          steps: iterate.steps[i]!,
          evaluations: total(iterate.evaluations.subarray(i - (i % restarts), i - (i % restarts) + restarts)),
          stopped: stopOf(i),
        }),
      ),
    inputs: () => rows(0, inputs),
    labels: () => {
      if (seen.labels) return seen.labels;
      const logits = constant(rows(inputs, inputs + labels), [seen.lanes, seen.batchSize, classes]);
      return Float32Array.from(evaluate([logits.logSoftmax().exp()])[0]!.data);
    },
  };
}
