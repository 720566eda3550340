import { z } from "zod";
import {
  type AssumptionAndSearch,
  type Attack,
  type Candidates,
  type Compared,
  chosenRows,
  compare,
  explainedWithout,
  isAssuming,
  type LaneProgress,
  type Observations,
  type Outline,
  type Progress,
  requireTensors,
  withoutTensors,
} from "../../adversary/index.ts";
import { LeakageError } from "../../errors.ts";
import { denseLayers } from "../../models/index.ts";
import { nested, part } from "../../parts/index.ts";
import type { CompileOptions } from "../../runtime/index.ts";
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

/** For each lane, the place of the try that explains most of what it kept. */
const bestOf = (shares: readonly (readonly number[])[]): readonly number[] =>
  shares[0]!.map((_, lane) =>
    shares.reduce((best, _, at) => {
      const [one, other] = [shares[at]![lane]!, shares[best]![lane]!];
      return one > other || Number.isNaN(other) ? at : best;
    }, 0),
  );

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

const shareOf = ({ compared, dropped }: Tried, lane: number): number => explainedWithout(compared[lane]!, dropped);

/** What a lane tried, what it chose of that, and how the attack without it ended. */
interface Choice {
  readonly tried: readonly Tried[];
  readonly chosen: Tried;
  readonly ended: Tried;
}

function remarkOf(seen: Observations, { tried, chosen, ended }: Choice, lane: number): string {
  const { dropped } = chosen;
  const columns = dropped.flatMap((name) => {
    const found = zeroColumns(seen, name, lane);
    return found ? [` ${found.zero} of the ${found.of} columns of ${name} are zero, pruned or of dead features.`] : [];
  });
  const others = tried.filter((one) => one !== chosen).map((one) => `${percent(shareOf(one, lane))} without ${one.dropped.join(", ")}`);
  const why =
    others.length === 0
      ? ""
      : chosen === ended
        ? ` That is more than the other choices do (${others.join("; ")}).`
        : ` It was chosen after ${chosen.last.of} steps, when it explained ${percent(shareOf(chosen, lane))}, more than the other choices did (${others.join("; ")}).`;
  return `The attack dropped ${dropped.join(", ")}. Its answer explains ${percent(shareOf(ended, lane))} of the rest.${why}${columns.join("")}`;
}

function droppingAttack(inner: AssumptionAndSearch, stated: Dropped | null): Attack {
  const each = (seen: Outline) =>
    tries(stated, seen).map((dropped) => {
      requireTensors("on-soteria", dropped, seen);
      return { dropped, attack: withoutTensors(inner, dropped) };
    });
  const shareAt = async (seen: Observations, at: Candidates, options: CompileOptions) => {
    const compared = await compare(seen, at, options);
    return (dropped: Dropped) => compared.map((lane) => explainedWithout(lane, dropped));
  };
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
      const sets = each(seen).map(({ dropped }) => dropped);
      const { steps } = inner.search;
      const short = shortened(inner);
      const apart = sets.length > 1 && short.search.steps < steps;
      const before = apart ? sets.length * short.search.steps : 0;
      const tried = yield* without(sets, apart ? short : inner, 0, apart ? before + steps : sets.length * steps);
      const chosen = bestOf(tried.map((one) => one.compared.map((_, lane) => shareOf(one, lane))));
      const picked = apart ? [...new Set(chosen)] : sets.map((_, at) => at);
      const of = before + picked.length * steps;
      const ended = apart
        ? yield* without(
            picked.map((at) => sets[at]!),
            inner,
            before,
            of,
          )
        : tried;
      const places = chosen.map((at) => picked.indexOf(at));
      const all = apart ? [...tried, ...ended] : tried;
      const lanes = chosen.map((at, lane): LaneProgress => {
        const evaluations = all.reduce((sum, one) => sum + one.lanes[lane]!.evaluations, 0);
        const own = ended[places[lane]!]!;
        return { ...own.lanes[lane]!, evaluations, remark: remarkOf(seen, { tried, chosen: tried[at]!, ended: own }, lane) };
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
            const planned = each(seen);
            const share = await shareAt(seen, at[0]!, run);
            const chosen = bestOf(planned.map(({ dropped }) => share(dropped)));
            const values: (readonly Float32Array[])[] = [];
            for (const { attack } of planned) values.push(await attack.objective!(seen, at, keys, run));
            return at.map((_, i) => Float32Array.from(chosen, (one, lane) => values[one]![i]![lane]!));
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
 * Where nobody says which layer is defended, the attack tries every dense layer and keeps, for each
 * update, the answer that explains most of the tensors that it kept: only without the pruned tensor
 * can an answer explain all of the rest. Zero columns alone do not tell the layer, because dead
 * features have them too. Each try has a tenth of the steps, and the choice then has
 * all of them.
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
