import { z } from "zod";
import {
  type AssumptionAndSearch,
  type Attack,
  type Compared,
  chosenRows,
  compare,
  explainedWithout,
  type LaneProgress,
  missedIn,
  type Observations,
  type Outline,
  type Progress,
  requireTensors,
  usedColumns,
  withoutTensors,
} from "../../adversary/index.ts";
import { LeakageError } from "../../errors.ts";
import { denseLayers } from "../../models/index.ts";
import { nested, part } from "../../parts/index.ts";
import type { AttackDeclaration } from "../declaration.ts";
import { aroundSearch, searches } from "../searches.ts";

/** One set of tensors that is left out. */
type Dropped = readonly string[];

/** The sets to try: the stated one, or nothing and the weight of each dense layer by itself. */
function tries(stated: Dropped | null, { rounds }: Outline): readonly Dropped[] {
  if (stated) return [stated];
  const dense = denseLayers(rounds[0]!.client.model);
  if (dense.length === 0)
    throw new LeakageError(
      "spec",
      "attack on-soteria drops the weight gradient of a dense layer, and this network has none; name the tensors to drop, as in on-soteria:drop=conv1.weight.",
    );
  return [[], ...dense.map((layer) => [`${layer}.weight`])];
}

/**
 * Where there are several choices, each is tried for this share of the steps, and for so many at
 * least.
 */
const trial = { share: 0.1, fewest: 100 } as const;

/** The same attack with the steps of a trial. */
function shortened(attack: AssumptionAndSearch): AssumptionAndSearch {
  const { steps } = attack.search;
  return { ...attack, search: { ...attack.search, steps: Math.min(steps, Math.max(trial.fewest, Math.ceil(trial.share * steps))) } };
}

/** What one try ended with. */
interface Tried {
  readonly dropped: Dropped;
  readonly last: Progress;
  readonly lanes: readonly LaneProgress[];
  readonly compared: readonly Compared[];
}

/**
 * Nothing was pruned if no more of the whole update is missed than so many times what is missed
 * without a tensor, or than this share.
 */
const intact = { times: 2, share: 0.01 } as const;

/** The share of the kept tensors that an answer misses in a lane. */
const missedBy = ({ compared, dropped }: Pick<Tried, "compared" | "dropped">, lane: number): number =>
  missedIn(
    compared[lane]!,
    [...compared[lane]!.sent.keys()].filter((name) => !dropped.includes(name)),
  );

/**
 * The place of the set that a lane drops, by what is missed of the rest without each: that with the
 * least, unless nothing was pruned. The first set is then empty.
 */
function decide(missed: readonly number[]): number {
  const known = (share: number) => (Number.isNaN(share) ? Number.POSITIVE_INFINITY : share);
  const best = missed.reduce((least, share, at) => (known(share) < known(missed[least]!) ? at : least), 0);
  return missed[0]! <= Math.max(intact.times * missed[best]!, intact.share) ? 0 : best;
}

const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toPrecision(4)} %` : "nothing");

/** What a lane tried before, the choice of that, and how the attack that followed ended. */
interface Choice {
  readonly tried: readonly Tried[];
  readonly chosen: number;
  readonly ended: Tried;
}

const what = (names: Dropped): string => (names.length === 0 ? "nothing" : names.join(", "));

function remarkOf(seen: Observations, { tried, chosen, ended }: Choice, lane: number): string {
  const { dropped } = ended;
  const explained = percent(explainedWithout(ended.compared[lane]!, dropped));
  const columns = dropped.flatMap((name) => {
    const update = seen.rounds[0]!.updates.get(name)!;
    if (update.shape.length !== 3) return [];
    const used = usedColumns(update, lane);
    return [` ${used.filter((one) => one === 0).length} of the ${used.length} columns of ${name} are zero, pruned or of dead features.`];
  });
  const missed = tried.map((one) => `${percent(missedBy(one, lane))} with ${what(one.dropped)} dropped`);
  const why =
    tried.length === 0
      ? ""
      : ` After ${tried[0]!.last.of} steps each, what was found missed of the kept tensors ${missed[chosen]}; ${missed.filter((_, at) => at !== chosen).join("; ")}.${dropped.length === 0 ? " So no layer was pruned." : ""}`;
  return `The attack dropped ${what(dropped)}. Its answer explains ${explained} of the ${dropped.length === 0 ? "update" : "rest"}.${why}${columns.join("")}`;
}

function droppingAttack(inner: AssumptionAndSearch, stated: Dropped | null): Attack {
  const each = (seen: Outline) =>
    tries(stated, seen).map((dropped) => {
      requireTensors("on-soteria", dropped, seen);
      return { dropped, attack: withoutTensors(inner, dropped) };
    });
  return {
    assumes: { ...inner.assumes, law: `${inner.assumes.law} without ${stated ? stated.join(", ") : "the weight of a dense layer"}` },
    ...(inner.work ? { work: inner.work } : {}),
    ...(inner.labelRule ? { labelRule: inner.labelRule } : {}),
    ...(inner.anyScale ? { anyScale: true } : {}),
    check: (seen) => {
      for (const { attack } of each(seen)) attack.check?.(seen);
    },
    async *reconstruct(seen, keys, run = {}) {
      const { start: _, ...options } = run;
      /** Runs the attack without each of these sets, one after the other, from a step on. */
      async function* without(sets: readonly Dropped[], own: AssumptionAndSearch, from: number, of: number) {
        const ended: Tried[] = [];
        for (const [at, dropped] of sets.entries())
          for await (const progress of withoutTensors(own, dropped).reconstruct(seen, keys, run)) {
            const step = from + at * progress.of + progress.step;
            if (step < of) yield { ...progress, step, of };
            if (progress.step < progress.of) continue;
            const compared = await compare(seen, { x: progress.inputs(), y: progress.labels() }, options);
            ended.push({ dropped, last: progress, lanes: progress.lanes(), compared });
          }
        return ended;
      }
      const { steps } = inner.search;
      const sets = each(seen).map(({ dropped }) => dropped);
      if (stated) {
        const [ended] = yield* without(sets, inner, 0, steps);
        const lanes = ended!.lanes.map((own, lane) => ({
          ...own,
          remark: remarkOf(seen, { tried: [], chosen: 0, ended: ended! }, lane),
        }));
        yield { ...ended!.last, lanes: () => lanes };
        return;
      }
      const short = shortened(inner);
      const before = sets.length * short.search.steps;
      const tried = yield* without(sets, short, 0, before + steps);
      const chosen = tried[0]!.compared.map((_, lane) => decide(tried.map((one) => missedBy(one, lane))));
      const picked = [...new Set(chosen)];
      const of = before + picked.length * steps;
      const ended = yield* without(
        picked.map((at) => sets[at]!),
        inner,
        before,
        of,
      );
      const places = chosen.map((at) => picked.indexOf(at));
      const lanes = places.map((place, lane): LaneProgress => {
        const evaluations = [...tried, ...ended].reduce((sum, one) => sum + one.lanes[lane]!.evaluations, 0);
        const remark = remarkOf(seen, { tried, chosen: chosen[lane]!, ended: ended[place]! }, lane);
        const by = `the attack that drops ${what(ended[place]!.dropped)}`;
        return { ...ended[place]!.lanes[lane]!, evaluations, by, remark };
      });
      const rows = (read: (progress: Progress) => Float32Array) =>
        chosenRows(
          ended.map(({ last }) => read(last)),
          places,
        );
      yield { step: of, of, lanes: () => lanes, inputs: () => rows((last) => last.inputs()), labels: () => rows((last) => last.labels()) };
    },
    ...(inner.objective
      ? {
          objective: async (seen, at, keys, run = {}) => {
            const sets = tries(stated, seen);
            const compared = await compare(seen, at[0]!, run);
            const chosen = compared.map((_, lane) => decide(sets.map((dropped) => missedBy({ compared, dropped }, lane))));
            const values = new Map<number, readonly Float32Array[]>();
            for (const one of new Set(chosen)) values.set(one, await withoutTensors(inner, sets[one]!).objective!(seen, at, keys, run));
            return at.map((_, i) => Float32Array.from(chosen, (one, lane) => values.get(one)![i]![lane]!));
          },
        }
      : {}),
  };
}

/**
 * The attack on Soteria of Balunović et al. (2022): another attack that leaves out the weight
 * gradient of the defended layer. Nothing else was changed, so the rest of the update says as much
 * as before. Dropping works for every likelihood: the density is that of the other tensors.
 *
 * Where nobody says which layer is defended, the attack tries to drop every dense layer, and nothing,
 * for a tenth of the steps each. For each update it chooses the layer without which it misses least
 * of the rest: only without the pruned tensor can an answer explain all of that. Zero columns alone do
 * not tell the layer, because dead features have them too. If an answer explains the whole update as
 * well, nothing was pruned, and nothing is dropped. The choice then has all steps.
 */
export const onSoteria = part({
  kind: "on-soteria",
  doc: "Runs another attack without the weight gradient that Soteria pruned, and finds out which one that is (Balunović et al. 2022).",
  params: {
    attack: nested("attack", () => searches)
      .prefault("inverting-gradients:steps=4000,tv=4e-4,tvNorm=squared")
      .describe("The attack that runs without the dropped tensors. The default has the authors' parameters."),
    drop: z
      .array(z.string())
      .min(1)
      .nullable()
      .default(null)
      .describe("The tensors that are left out, such as lin2.weight. none tries nothing and the weight of every dense layer."),
  },
  build: ({ attack, drop }): AttackDeclaration => aroundSearch(attack, (inner) => droppingAttack(inner, drop)),
});
