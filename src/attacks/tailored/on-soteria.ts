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
  usedColumns,
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

function remarkOf(seen: Observations, tried: readonly Tried[], chosen: number, lane: number): string {
  const shareOf = ({ compared, dropped }: Tried) => percent(explainedWithout(compared[lane]!, dropped));
  const { dropped } = tried[chosen]!;
  const columns = dropped.flatMap((name) => {
    const update = seen.rounds[0]!.updates.get(name)!;
    if (update.shape.length !== 3) return [];
    const used = usedColumns(update, lane);
    const zero = used.filter((one) => one === 0).length;
    return [`${zero} of the ${used.length} columns of ${name} are zero, pruned or of dead features`];
  });
  const others = tried.filter((_, at) => at !== chosen).map((one) => `${shareOf(one)} without ${one.dropped.join(", ")}`);
  const why = others.length === 0 ? "" : `, more than the other choices do (${others.join("; ")})`;
  return `The attack dropped ${dropped.join(", ")}. Its answer explains ${shareOf(tried[chosen]!)} of the rest${why}.${columns.map((text) => ` ${text}.`).join("")}`;
}

/** The progress of one of several tries, which run one after the other. */
const within = (progress: Progress, at: number, count: number): Progress => ({
  ...progress,
  step: at * progress.of + progress.step,
  of: count * progress.of,
});

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
      const planned = each(seen);
      const tried: Tried[] = [];
      for (const [at, { dropped, attack }] of planned.entries())
        for await (const progress of attack.reconstruct(seen, keys, run)) {
          if (progress.step < progress.of) {
            yield within(progress, at, planned.length);
            continue;
          }
          const compared = await compare(seen, { x: progress.inputs(), y: progress.labels() }, options);
          tried.push({ dropped, last: progress, lanes: progress.lanes(), compared });
          if (at < planned.length - 1) yield within(progress, at, planned.length);
        }
      const chosen = bestOf(tried.map(({ compared, dropped }) => compared.map((lane) => explainedWithout(lane, dropped))));
      const lanes = chosen.map((at, lane): LaneProgress => {
        const evaluations = tried.reduce((sum, one) => sum + one.lanes[lane]!.evaluations, 0);
        return { ...tried[at]!.lanes[lane]!, evaluations, remark: remarkOf(seen, tried, at, lane) };
      });
      const { of } = tried[0]!.last;
      yield {
        step: planned.length * of,
        of: planned.length * of,
        lanes: () => lanes,
        inputs: () =>
          chosenRows(
            tried.map(({ last }) => last.inputs()),
            chosen,
          ),
        labels: () =>
          chosenRows(
            tried.map(({ last }) => last.labels()),
            chosen,
          ),
      };
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
 * features have them too. Each try has the steps of the whole attack.
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
