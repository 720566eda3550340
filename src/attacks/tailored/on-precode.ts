import {
  type AssumptionAndSearch,
  type Attack,
  isAssuming,
  type LaneProgress,
  type Observations,
  type Outline,
  type Separated,
  separateInputs,
  withoutTensors,
} from "../../adversary/index.ts";
import { LeakageError } from "../../errors.ts";
import { nested, part } from "../../parts/index.ts";
import type { AttackDeclaration } from "../declaration.ts";
import { firstDense } from "../first-dense.ts";
import { searches } from "../searches.ts";

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function remarkOf({ inputs, units, mixed }: Separated, batchSize: number): string {
  if (inputs.length === 0) {
    if (batchSize === 1) return "No unit of the first layer saw the input, so its gradients are 0.";
    return `None of the ${batchSize} inputs could be separated: ${counted(mixed, "unit")} of the first layer saw several inputs each, or one that no other unit saw alone.`;
  }
  const found = `${inputs.length === batchSize ? `All ${batchSize}` : `${inputs.length} of ${batchSize}`} inputs follow from units of the first layer that are active for one of them only (${units.map((own) => own.length).join(", ")} units).`;
  if (batchSize === 1) return `The input follows from ${counted(units[0]!.length, "unit")} of the first layer.`;
  if (inputs.length === batchSize) return found;
  return `${found} The others are active only together with other inputs, or in one unit alone; in their place stands the mean of what the other ${counted(mixed, "unit")} saw.`;
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
    const separated = separateInputs(entries(weight, lane), entries(bias, lane), batchSize);
    const at = (b: number) => all.subarray((lane * batchSize + b) * size, (lane * batchSize + b + 1) * size);
    for (let b = 0; b < batchSize; b++) at(b).set(separated.inputs[b] ?? separated.rest ?? new Float64Array(size).fill(Number.NaN));
    const failed = separated.inputs.length === 0 && !separated.rest;
    return {
      objective: null,
      matching: null,
      steps: 1,
      evaluations: 0,
      stopped: failed ? "nan" : null,
      remark: remarkOf(separated, batchSize),
    };
  });
  return { all, found };
}

/** The parameters whose gradients have the draws as more than a factor. */
function drawnIn({ rounds }: Outline): readonly string[] {
  const { drawn } = rounds[0]!.client.model;
  if (drawn) return drawn;
  throw new LeakageError(
    "spec",
    "attack on-precode does not fit this network: no dense layer with a bias receives the input, and no layer draws at random, so there is nothing to invert and nothing to drop.",
  );
}

function attackOn(inner: AssumptionAndSearch): Attack {
  const dropping = (seen: Outline) => withoutTensors(inner, drawnIn(seen));
  const dense = ({ rounds }: Outline) => firstDense(rounds[0]!.client) !== undefined;
  return {
    assumes: { law: "no noise in the first layer, and any noise behind it", prior: inner.assumes.prior, radius: 0, samples: 1 },
    ...(inner.work ? { work: inner.work } : {}),
    anyScale: true,
    check: (seen) => {
      if (!dense(seen)) dropping(seen).check?.(seen);
    },
    async *reconstruct(seen, keys, run) {
      if (!dense(seen)) {
        yield* dropping(seen).reconstruct(seen, keys, run);
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
 * Behind convolutions there is no such layer, and the paper does not attack it. There the attack
 * runs another one without the gradients of the bottleneck and of what stands behind it, with the
 * bottleneck at its center. The draws then enter only as a factor of what is compared. Nothing says
 * that this recovers anything.
 */
export const onPrecode = part({
  kind: "on-precode",
  doc: "Inverts the dense first layer exactly, in front of the bottleneck; behind convolutions it drops what was drawn (Balunović et al. 2022).",
  params: {
    attack: nested("attack", () => searches)
      .prefault("inverting-gradients")
      .describe("The attack that runs without the drawn gradients if the first layer is not dense."),
  },
  build: ({ attack: spec }): AttackDeclaration => {
    const { fixesPrior, ...declaration } = searches.build(spec);
    return {
      fixesPrior,
      build: (setting) => {
        const inner = declaration.build(setting);
        if (isAssuming(inner)) return attackOn(inner);
        throw new Error("every attack of this catalogue is an assumption and a search");
      },
    };
  },
});
