import { z } from "zod";
import {
  type AssumptionAndSearch,
  type Attack,
  type Compared,
  chosenRows,
  compare,
  explainedWithout,
  isAssuming,
  type LaneProgress,
  missedIn,
  type Observations,
  type Outline,
  type Progress,
  requireTensors,
  withoutTensors,
} from "../../adversary/index.ts";
import { LeakageError } from "../../errors.ts";
import { denseLayers } from "../../models/index.ts";
import { nested, part } from "../../parts/index.ts";
import type { AttackDeclaration } from "../declaration.ts";
import { searches } from "../searches.ts";

/** One set of tensors that is left out. */
type Dropped = readonly string[];

/** The sets to try: the stated one, or the weight of each dense layer by itself. */
function tries(stated: Dropped | null, { rounds }: Outline): readonly Dropped[] {
  if (stated) return [stated];
  const dense = denseLayers(rounds[0]!.client.model);
  if (dense.length === 0)
    throw new LeakageError(
      "spec",
      "attack on-soteria drops the weight gradient of a dense layer, and this network has none; name the tensors to drop, as in on-soteria:drop=conv1.weight.",
    );
  return dense.map((layer) => [`${layer}.weight`]);
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
 * A tensor was not pruned if no more of it is missed than so many times what is missed of the rest,
 * or than this share.
 */
const intact = { times: 2, share: 0.01 } as const;

/** What decides in a lane: how much is missed of the tensors that each set keeps, and of its own. */
interface Missed {
  readonly kept: number;
  readonly own: number;
}

const missedWithout = (compared: Compared, dropped: Dropped): Missed => ({
  kept: missedIn(
    compared,
    [...compared.sent.keys()].filter((name) => !dropped.includes(name)),
  ),
  own: missedIn(compared, dropped),
});

/**
 * The place of the set without which least is missed of the rest, and whether it is to be dropped.
 * If the set itself is missed no more than the rest is, nothing was pruned.
 */
function decide(missed: readonly Missed[]): { readonly best: number; readonly drops: boolean } {
  const known = (share: number) => (Number.isNaN(share) ? Number.POSITIVE_INFINITY : share);
  const best = missed.reduce((least, { kept }, at) => (known(kept) < known(missed[least]!.kept) ? at : least), 0);
  const { kept, own } = missed[best]!;
  return { best, drops: !(own <= Math.max(intact.times * kept, intact.share)) };
}

const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toPrecision(4)} %` : "nothing");

/** The number of columns of a lane's matrix that are 0 everywhere, and how many there are. */
function zeroColumns({ rounds }: Observations, name: string, lane: number): { readonly zero: number; readonly of: number } | undefined {
  const { shape, data } = rounds[0]!.updates.get(name)!;
  const [, rows, columns] = shape as [number, number, number];
  if (shape.length !== 3) return undefined;
  const used = new Uint8Array(columns);
  const from = lane * rows * columns;
  for (let i = 0; i < rows * columns; i++) if (data[from + i] !== 0) used[i % columns] = 1;
  return { zero: columns - used.reduce((sum, one) => sum + one, 0), of: columns };
}

/** What a lane tried, which of that was best, and how the attack that followed ended. */
interface Choice {
  readonly tried: readonly Tried[];
  readonly best: Tried;
  readonly ended: Tried;
}

function remarkOf(seen: Observations, { tried, best, ended }: Choice, lane: number): string {
  const { dropped } = ended;
  const explained = `Its answer explains ${percent(explainedWithout(ended.compared[lane]!, dropped))} of the ${dropped.length > 0 ? "rest" : "update"}.`;
  const missed = (one: Tried) => missedWithout(one.compared[lane]!, one.dropped);
  const others = tried.filter((one) => one !== best).map((one) => `${percent(missed(one).kept)} without ${one.dropped.join(", ")}`);
  const { kept, own } = missed(best);
  const names = best.dropped.join(", ");
  if (dropped.length === 0)
    return `The attack dropped nothing. ${explained} After ${best.last.of} steps without ${names}, what was found missed ${percent(own)} of that tensor and ${percent(kept)} of the rest, so it was not pruned.`;
  const columns = dropped.flatMap((name) => {
    const found = zeroColumns(seen, name, lane);
    return found ? [` ${found.zero} of the ${found.of} columns of ${name} are zero, pruned or of dead features.`] : [];
  });
  const why =
    best === ended
      ? ""
      : ` After ${best.last.of} steps without it, what was found missed ${percent(kept)} of the rest and ${percent(own)} of what was dropped${others.length === 0 ? "" : `; other choices missed more of the rest (${others.join("; ")})`}.`;
  return `The attack dropped ${names}. ${explained}${why}${columns.join("")}`;
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
          remark: remarkOf(seen, { tried: [], best: ended!, ended: ended! }, lane),
        }));
        yield { ...ended!.last, lanes: () => lanes };
        return;
      }
      const short = shortened(inner);
      const before = sets.length * short.search.steps;
      const tried = yield* without(sets, short, 0, before + steps);
      const decided = tried[0]!.compared.map((_, lane) => decide(tried.map((one) => missedWithout(one.compared[lane]!, one.dropped))));
      const wanted = decided.map(({ best, drops }) => (drops ? sets[best]! : []));
      const picked = [...new Set(wanted.map((set) => set.join()))].map((name) => wanted.find((set) => set.join() === name)!);
      const of = before + picked.length * steps;
      const ended = yield* without(picked, inner, before, of);
      const places = wanted.map((set) => picked.findIndex((one) => one.join() === set.join()));
      const lanes = places.map((place, lane): LaneProgress => {
        const evaluations = [...tried, ...ended].reduce((sum, one) => sum + one.lanes[lane]!.evaluations, 0);
        const choice = { tried, best: tried[decided[lane]!.best]!, ended: ended[place]! };
        return { ...choice.ended.lanes[lane]!, evaluations, remark: remarkOf(seen, choice, lane) };
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
            const wanted = compared.map((lane) => {
              const { best, drops } = decide(sets.map((dropped) => missedWithout(lane, dropped)));
              return stated || drops ? best : sets.length;
            });
            const values: (readonly Float32Array[])[] = [];
            for (const dropped of stated ? sets : [...sets, []])
              values.push(await withoutTensors(inner, dropped).objective!(seen, at, keys, run));
            return at.map((_, i) => Float32Array.from(wanted, (one, lane) => values[one]![i]![lane]!));
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
 * Where nobody says which layer is defended, the attack tries every dense layer for a tenth of the
 * steps and chooses, for each update, the one without which it misses least of the rest: only without
 * the pruned tensor can an answer explain all of that. Zero columns alone do not tell the layer,
 * because dead features have them too. If the answer explains the dropped tensor as well, nothing was
 * pruned there, and nothing is dropped. The choice then has all steps.
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
      .describe("The tensors that are left out, such as lin2.weight. none tries the weight of every dense layer."),
  },
  build: ({ attack: spec, drop }): AttackDeclaration => {
    const { labels, fixesPrior, ...declaration } = searches.build(spec);
    return {
      fixesPrior,
      ...(labels ? { labels } : {}),
      build: (setting) => {
        const inner = declaration.build(setting);
        if (isAssuming(inner)) return droppingAttack(inner, drop);
        throw new Error("every attack of this catalogue is an assumption and a search");
      },
    };
  },
});
