import { sizeOf, type Tensor, vmap } from "../graph/index.ts";
import { type CompileOptions, compileNested, inputsAt, numbersAt } from "../runtime/index.ts";
import type { Observations } from "./observations.ts";
import type { PeeledLane } from "./peel.ts";

/**
 * Which label of the batch belongs to each image that was peeled. Units that are active for one
 * image only have that image's gradient alone, and the gradient follows from the image and its label:
 * so the best pairs have the largest cosine between both, over these units. The pairs are taken from
 * the best on.
 *
 * @param seen what was observed, with labels.
 * @param x the images, [lanes, batchSize, ...shape]; those of a lane's peeled inputs come first.
 * @returns for each lane and each of its peeled inputs, the place of its label in the batch.
 */
export async function labelsThatFit(
  seen: Observations,
  layer: string,
  lanes: readonly PeeledLane[],
  x: Float32Array,
  options: CompileOptions,
): Promise<readonly (readonly number[])[]> {
  const { batchSize } = seen;
  if (batchSize === 1) return lanes.map(({ inputs }) => inputs.map(() => 0));
  const { client, updates } = seen.rounds[0]!;
  const { shape, classes } = client.model;
  const bias = `${layer}.bias`;
  const places = {
    x: { shape: [seen.lanes, batchSize, ...shape], data: x },
    y: { shape: [seen.lanes, batchSize, classes], data: seen.labels! },
  };
  const row = (of: Tensor) => of.reshape([1, ...of.shape]);
  const pairs = (lane: { readonly x: Tensor; readonly y: Tensor }) =>
    vmap((image: Tensor) => vmap((label: Tensor) => client.update({ x: row(image), y: row(label) }).entries(bias))(lane.y))(lane.x);
  const program = await compileNested({ deltas: vmap(pairs)(inputsAt(places)) }, options);
  try {
    const { deltas } = await program.run(numbersAt(places));
    const sent = updates.get(bias)!.data;
    const outputs = sizeOf(client.parameters.find(({ name }) => name === bias)!.shape);
    return lanes.map(({ units }, lane) => {
      const cosine = (image: number, label: number): number => {
        const from = ((lane * batchSize + image) * batchSize + label) * outputs;
        let [product, one, other] = [0, 0, 0];
        for (const i of units[image]!) {
          const [a, b] = [sent[lane * outputs + i]!, deltas[from + i]!];
          product += a * b;
          one += a * a;
          other += b * b;
        }
        return one > 0 && other > 0 ? product / Math.sqrt(one * other) : 0;
      };
      return bestPairs(units.length, batchSize, cosine);
    });
  } finally {
    await program.dispose();
  }
}

/** Pairs each of `rows` with a place of its own, best pairs first. */
function bestPairs(rows: number, places: number, value: (row: number, place: number) => number): readonly number[] {
  const all = Array.from({ length: rows * places }, (_, i) => {
    const [row, place] = [Math.floor(i / places), i % places];
    return { row, place, value: value(row, place) };
  }).sort((a, b) => b.value - a.value);
  const found: number[] = new Array(rows).fill(-1);
  for (const { row, place } of all) if (found[row] === -1 && !found.includes(place)) found[row] = place;
  return found;
}
