import { comparesWeight, type Observations, type PeeledLane, peeled, usedColumns } from "../adversary/index.ts";
import type { NamedNumbers } from "../graph/index.ts";

/** How an attacker reads columns of a weight gradient that are 0: as features that are 0, or as pruned. */
export type Reading = "zero" | "pruned";

/** The peeled inputs of a lane, and where in the batch each of them stands. */
export interface Placed extends PeeledLane {
  readonly places: readonly number[];
}

/**
 * The share ‖error‖² / ‖x‖² of a peeled input at which its distance counts half, and half of what it
 * tells is as likely noise as the image.
 */
const noticeable = 8e-6;

/**
 * What was observed, with the peeled inputs [lanes, batchSize, n] and their known entries as
 * published. In lanes that read zero columns as pruned, those entries are not known, and the weight of
 * the layer is not compared.
 */
export function withTargets(seen: Observations, layer: string, lanes: readonly Placed[], readings: readonly Reading[]): Observations {
  const [round] = seen.rounds;
  const weight = round!.updates.get(`${layer}.weight`)!;
  const n = weight.shape[2]!;
  const { batchSize } = seen;
  const inputs = new Float32Array(seen.lanes * batchSize * n);
  const known = new Float32Array(inputs.length);
  lanes.forEach(({ inputs: found, places }, lane) => {
    const used = readings[lane] === "pruned" ? usedColumns(weight, lane) : new Uint8Array(n).fill(1);
    found.forEach((input, i) => {
      const from = (lane * batchSize + places[i]!) * n;
      inputs.set(input, from);
      known.set(used, from);
    });
  });
  const scalars = (value: (lane: number) => number) => ({ shape: [seen.lanes], data: Float32Array.from(lanes, (_, lane) => value(lane)) });
  const targets: NamedNumbers = new Map([
    ...(round!.published ?? []),
    [peeled.inputs, { shape: [seen.lanes, batchSize, n], data: inputs }],
    [peeled.known, { shape: [seen.lanes, batchSize, n], data: known }],
    [peeled.factor, scalars((lane) => 1 / (1 + lanes[lane]!.noise / noticeable))],
    [comparesWeight, scalars((lane) => Number(readings[lane] === "zero"))],
  ]);
  return { ...seen, rounds: [{ ...round!, published: targets }] };
}

/** Images [lanes, batchSize, d] whose peeled ones move from the first places to their own. */
export function atPlaces(x: Float32Array, lanes: readonly Placed[], batchSize: number): Float32Array {
  const d = x.length / (lanes.length * batchSize);
  const out = x.slice();
  lanes.forEach(({ places }, lane) => {
    const others = Array.from({ length: batchSize }, (_, b) => b).filter((b) => !places.includes(b));
    [...places, ...others].forEach((place, b) => {
      const from = (lane * batchSize + b) * d;
      out.set(x.subarray(from, from + d), (lane * batchSize + place) * d);
    });
  });
  return out;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** What was separated, what became of the other images, and how zero columns were read. */
export function remarkOf(
  seen: Observations,
  layer: string,
  { inputs, units, mixed }: PeeledLane,
  { lane, reading, refined }: { readonly lane: number; readonly reading: Reading; readonly refined: boolean },
): string {
  const { batchSize } = seen;
  const missing = batchSize - inputs.length;
  const used = usedColumns(seen.rounds[0]!.updates.get(`${layer}.weight`)!, lane);
  const zero = used.filter((one) => one === 0).length;
  const columns = `${zero} of the ${used.length} columns of its gradient are 0`;
  const readAs = {
    zero: `${columns}, which the attack read as features that are 0.`,
    pruned: `${columns}, which no image explains as features that are 0: the attack read them as pruned, and left out the gradient.`,
  };
  const searched = refined ? "by the whole update alone" : "by nothing, and say nothing";
  const single = inputs.length === 1 ? `The input of ${layer} was peeled off its gradient.` : `The gradient of ${layer} is no input's.`;
  const all = `All ${batchSize} inputs of ${layer} were separated by units that are active for one of them only (${units.map((own) => own.length).join(", ")} units).`;
  const some =
    inputs.length === 0
      ? `None of the ${batchSize} inputs of ${layer} could be separated: ${counted(mixed, "unit")} saw several inputs each, or one that no other unit saw alone.`
      : `${inputs.length} of ${batchSize} inputs of ${layer} were separated by units that are active for one of them only (${units.map((own) => own.length).join(", ")} units).`;
  return [
    batchSize === 1 ? single : missing === 0 ? all : some,
    ...(missing > 0 ? [`${missing === 1 ? "The other image was" : `${missing} images were`} searched ${searched}.`] : []),
    ...(zero > 0 && inputs.length > 0 ? [readAs[reading]] : []),
  ].join(" ");
}
