import type { Attack, LaneProgress, Progress } from "../../adversary/index.ts";
import { foldIn, keyFromSeed, stream } from "../../random/index.ts";
import { type Tick, withLabels } from "../../scenario/index.ts";
import type { ExperimentRun } from "../experiment.ts";
import type { Progressed } from "../progress.ts";
import { Curve, type Part } from "./curve.ts";
import { attackOf, type Pair, type Setting } from "./figure-4-adversaries.ts";
import type { Figure4Params } from "./figure-4-params.ts";
import type { Schedule } from "./figure-4-result.ts";
import { type SyntheticDraws, syntheticNetwork } from "./synthetic-network.ts";

/** Adversaries that attack the same draws, in one setting. */
export interface Panel {
  readonly params: Figure4Params;
  readonly setting: Setting;
  readonly adversaries: readonly { readonly pair: Pair; readonly schedule: Schedule }[];
  /** Index of the first draw of each network. */
  readonly from: number;
  /** Draws a network. */
  readonly count: number;
}

/** Draws that one program attacks: every program of a network has as many. */
function perProgram({ params: { lanes }, setting: { k }, count }: Panel): number {
  const most = Math.max(1, Math.floor(lanes / k));
  return Math.ceil(count / Math.ceil(count / most));
}

/** Steps of the optimizer that {@link attackPanel} takes, over all programs. */
export const stepsOf = (panel: Panel): number =>
  Math.ceil(panel.count / perProgram(panel)) * panel.adversaries.length * panel.params.networks * panel.params.steps;

/**
 * Attacks the draws of all networks, and says how far every adversary is from the originals: a
 * curve each.
 */
export async function* attackPanel(
  panel: Panel,
  { spec, machine }: Pick<ExperimentRun, "spec" | "machine">,
  { before, of }: Progressed,
): AsyncGenerator<Tick, readonly Curve[]> {
  const { params, setting, adversaries, from, count } = panel;
  const { networks, steps } = params;
  const size = perProgram(panel);
  const curves = adversaries.map(() => new Curve(networks, count, steps));
  let done = before;
  for (let i = 0; i < networks; i++) {
    const key = foldIn(stream(keyFromSeed(spec.seed), "network"), i);
    const network = await syntheticNetwork(params, setting, key, machine);
    // Programs have as many lanes each; those beyond the last draw are not counted.
    for (let at = 0; at < count; at += size) {
      const draws = await network.draws(from + at, size);
      for (const [a, { pair, schedule }] of adversaries.entries()) {
        const attack = attackOf(params, pair, setting, schedule);
        for await (const { step, lanes } of follow({ attack, draws, labels: params.labels, machine }, curves[a]!.part(i, at)))
          yield { step: done + step, of, objective: () => meanObjective(lanes()) };
        done += steps;
      }
    }
  }
  return curves;
}

/** An adversary and the draws that it attacks together. */
interface Followed {
  readonly attack: Attack;
  readonly draws: SyntheticDraws;
  readonly labels: Figure4Params["labels"];
  readonly machine: ExperimentRun["machine"];
}

/**
 * Runs an attack and records how far every draw is from its original, at the start and after every
 * step.
 */
async function* follow({ attack, draws, labels, machine }: Followed, { record, fail }: Part): AsyncGenerator<Progress> {
  const { seen, x, start, keys } = draws;
  record(0, distances(start, x, seen.lanes));
  let last: Progress | undefined;
  const labeled = await withLabels(seen, attack, { labels }, machine);
  for await (const progress of attack.reconstruct(labeled.seen, keys, { ...machine, start })) {
    record(progress.step, distances(progress.inputs(), x, seen.lanes));
    last = progress;
    yield progress;
  }
  fail(last!.lanes().map(({ stopped }) => stopped === "nan"));
}

function distances(points: Float32Array, originals: Float32Array, count: number): Float64Array {
  const size = points.length / count;
  return Float64Array.from({ length: count }, (_, i) => {
    let squares = 0;
    for (let j = i * size; j < (i + 1) * size; j++) squares += (points[j]! - originals[j]!) ** 2;
    return Math.sqrt(squares);
  });
}

function meanObjective(lanes: readonly LaneProgress[]): number | null {
  const known = lanes.flatMap(({ objective }) => objective ?? []);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
