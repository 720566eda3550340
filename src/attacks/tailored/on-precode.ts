import { z } from "zod";
import {
  type AssumptionAndSearch,
  type Attack,
  type LaneProgress,
  type Observations,
  type Outline,
  type Separated,
  separateInputs,
  singleInputs,
  tellsDraws,
} from "../../adversary/index.ts";
import type { Client } from "../../client/index.ts";
import { constant, filled } from "../../graph/index.ts";
import { denseLayers } from "../../models/index.ts";
import { nested, part } from "../../parts/index.ts";
import { evaluate } from "../../runtime/index.ts";
import type { AttackDeclaration } from "../declaration.ts";
import { firstDense } from "../first-dense.ts";
import { aroundSearch, searches } from "../searches.ts";
import { behindDraws, type DrawTreatment, drawSources } from "./behind-draws.ts";

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** What one lane's first layer gives away. */
interface Inverted {
  /** Single inputs, and the units behind each. */
  readonly inputs: readonly Float64Array[];
  readonly units: readonly (readonly number[])[];
  /** What stands in the place of the other inputs: mixtures. */
  readonly mixtures: readonly Float64Array[];
  /** The number of units that saw several inputs, or one that no other unit saw alone. */
  readonly mixed: number;
}

function remarkOf({ inputs, units, mixed }: Inverted, batchSize: number): string {
  if (inputs.length === 0) {
    if (batchSize === 1) return "No unit of the first layer saw the input, so its gradients are 0.";
    return `None of the ${batchSize} inputs could be separated: ${counted(mixed, "unit")} of the first layer saw several inputs each, or one that no other unit saw alone.`;
  }
  if (batchSize === 1) return `The input follows from ${counted(units[0]!.length, "unit")} of the first layer.`;
  const counts = units.map((own) => own.length).join(", ");
  const found = `${inputs.length === batchSize ? `All ${batchSize}` : `${inputs.length} of ${batchSize}`} inputs follow from units of the first layer that are active for one of them only (${counts} units).`;
  if (inputs.length === batchSize) return found;
  return `${found} The others are active only together with other inputs, or in one unit alone; in their place stand means of what the other ${counted(mixed, "unit")} saw.`;
}

/** Whether each unit of the first layer is active for each input, [inputs, outputs]; undefined if nobody can say. */
function activity({ model, taps }: Client, outputs: number, inputs: readonly Float64Array[]): boolean[][] | undefined {
  const second = denseLayers(model)[1];
  if (second === undefined || inputs.length === 0) return undefined;
  const x = constant(Float64Array.from(inputs.flatMap((input) => [...input])), [inputs.length, ...model.shape]);
  const y = filled(0, [inputs.length, model.classes]);
  const activations = taps({ x, y }).get(`${second}.input`);
  if (activations?.size !== inputs.length * outputs) return undefined;
  const { data } = evaluate([activations])[0]!;
  return inputs.map((_, i) => Array.from({ length: outputs }, (_, unit) => data[i * outputs + unit] !== 0));
}

/** The single inputs of a lane, and what is left in the place of the others. */
function inverted(client: Client, separated: Separated, outputs: number, batchSize: number): Inverted {
  const active = batchSize === 1 ? undefined : activity(client, outputs, separated.inputs);
  const single = active ? singleInputs(separated, active) : separated.inputs.map((_, place) => place);
  const others = separated.inputs.map((_, place) => place).filter((place) => !single.includes(place));
  return {
    inputs: single.map((place) => separated.inputs[place]!),
    units: single.map((place) => separated.units[place]!),
    mixtures: [...others.map((place) => separated.inputs[place]!), ...(separated.rest ? [separated.rest] : [])],
    mixed: others.reduce((sum, place) => sum + separated.units[place]!.length, separated.mixed),
  };
}

/** The inputs of all lanes from the first dense layer, by closed formulas in float64. */
function invert({ rounds, lanes, batchSize }: Observations) {
  const { client, updates } = rounds[0]!;
  const { weight, bias, outputs } = firstDense(client)!;
  const entries = (name: string, lane: number) => {
    const { data } = updates.get(name)!;
    return data.subarray((lane * data.length) / lanes, ((lane + 1) * data.length) / lanes);
  };
  const size = updates.get(weight)!.data.length / lanes / outputs;
  const all = new Float32Array(lanes * batchSize * size);
  const found = Array.from({ length: lanes }, (_, lane): LaneProgress => {
    const own = inverted(client, separateInputs(entries(weight, lane), entries(bias, lane), batchSize), outputs, batchSize);
    const failed = own.inputs.length + own.mixtures.length === 0;
    const answers = [...own.inputs, ...own.mixtures];
    const at = (b: number) => all.subarray((lane * batchSize + b) * size, (lane * batchSize + b + 1) * size);
    for (let b = 0; b < batchSize; b++)
      at(b).set(failed ? new Float64Array(size).fill(Number.NaN) : answers[Math.min(b, answers.length - 1)]!);
    return {
      objective: null,
      matching: null,
      steps: 1,
      evaluations: 0,
      stopped: failed ? "nan" : null,
      remark: remarkOf(own, batchSize),
    };
  });
  return { all, found };
}

/** How the user wishes the draws to be treated. */
type Treatment = Omit<DrawTreatment, "draws"> & { readonly draws: DrawTreatment["draws"] | null };

/** The source of draws that recovers most, as far as it fits. */
function strongest(seen: Outline): DrawTreatment["draws"] {
  if (tellsDraws(seen)) return "told";
  return seen.rounds[0]!.client.model.draws ? "joint" : "center";
}

function attackOn(inner: AssumptionAndSearch, treatment: Treatment): Attack {
  const behind = (seen: Outline) => behindDraws(inner, { ...treatment, draws: treatment.draws ?? strongest(seen) }, seen);
  const dense = ({ rounds }: Outline) => firstDense(rounds[0]!.client) !== undefined;
  return {
    assumes: {
      law: `no noise in a dense first layer, or ${inner.assumes.law} at what was drawn`,
      prior: inner.assumes.prior,
      radius: 0,
      samples: 1,
    },
    ...(inner.work ? { work: inner.work } : {}),
    anyScale: true,
    check: (seen) => {
      if (!dense(seen)) behind(seen).check?.(seen);
    },
    async *reconstruct(seen, keys, run) {
      if (!dense(seen)) {
        yield* behind(seen).reconstruct(seen, keys, run);
        return;
      }
      const { all, found } = invert(seen);
      const { classes } = seen.rounds[0]!.client.model;
      const labels = seen.labels ?? new Float32Array(seen.lanes * seen.batchSize * classes).fill(1 / classes);
      yield { step: 1, of: 1, lanes: () => found, inputs: () => all, labels: () => labels };
    },
  };
}

/**
 * The attack on PRECODE of Balunović et al. (2022), which is that of Phong et al. (2018): a dense
 * first layer gives its input away, in front of the bottleneck and whatever was drawn there. In a
 * batch, units that are active for one input only give that input; the others give mixtures, and
 * the attack says how many inputs it could separate.
 *
 * Behind convolutions there is no such layer, and the paper does not attack it. But there the
 * bottleneck stands between two dense layers, and of one image both give their input away: what
 * enters the bottleneck and what it drew. The attack puts these draws into the forward pass, which
 * has no chance left in it then. It begins at the image of the features before the first dense layer
 * ({@link peeling}), and runs another attack from there, on the gradients of the layers in front of
 * the bottleneck. The others say hardly more about the image, and outweigh it.
 *
 * Of a batch nothing tells the draws. There the attack searches them jointly with the images, from
 * N(0, 1) on, and leaves out the same gradients.
 */
export const onPrecode = part({
  kind: "on-precode",
  doc: "Inverts the dense first layer exactly, in front of the bottleneck (Balunović et al. 2022); behind convolutions it reads the draws off the update.",
  params: {
    attack: nested("attack", () => searches)
      .prefault("inverting-gradients")
      .describe("The attack that runs if the first layer is not dense."),
    draws: z
      .enum(drawSources)
      .nullable()
      .default(null)
      .describe(
        "What that attack takes for the draws: those that the update tells, draws that it searches jointly with the images, or the center of their noise. none takes told for one image, and joint for more.",
      ),
    drop: z
      .boolean()
      .default(true)
      .describe("Whether that attack leaves out the gradients of the bottleneck and of what stands behind it."),
    drawWeight: z.number().nonnegative().default(1e-6).describe("The factor of the logarithm of the density of draws that are searched."),
  },
  build: ({ attack, draws, drop, drawWeight: weight }): AttackDeclaration => {
    // The exact inversion reads no labels, so they are given as to any attack.
    const { labels: _, ...around } = aroundSearch(attack, (inner) => attackOn(inner, { draws, drop, weight }));
    return around;
  },
});
