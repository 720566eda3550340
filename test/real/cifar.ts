import { assert } from "vitest";
import type { AttackDeclaration } from "../../src/attacks/index.ts";
import type { Client } from "../../src/client/index.ts";
import type { Example, Split } from "../../src/data/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { fetchDataset, openDataset } from "../../src/node/index.ts";
import { privateBatches, type Reconstruction, reconstruct, simulate } from "../../src/scenario/index.ts";

/** The first images of a split. */
export const first = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Images of CIFAR-10 by their indices. The set is fetched once into the user's cache. */
export async function cifarExamples(split: Split, indices: readonly number[]): Promise<Example[]> {
  await fetchDataset("cifar10");
  const dataset = await openDataset("cifar10", split);
  return indices.map((index) => dataset.example(index));
}

/** Attacks undefended updates of one image each, all in one program, from given starting points. */
export async function attackTogether(
  client: Client,
  declaration: AttackDeclaration,
  examples: readonly Example[],
  start: Float32Array,
): Promise<Reconstruction[]> {
  const batches = privateBatches(
    examples.map((example) => [example]),
    client,
  );
  const keys = examples.map(({ index }) => [index, 0] as const);
  const received = await simulate({ client, defense: defenses.build("none") }, batches, keys, { threads: 2 });
  const running = reconstruct({
    attack: declaration.build({}),
    labels: declaration.labels ?? "known",
    seen: { rounds: [received], lanes: examples.length, batchSize: 1, labels: batches.y },
    keys,
    options: { threads: 2, start },
  });
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    assert(Number.isFinite(next.value.step));
  }
}
