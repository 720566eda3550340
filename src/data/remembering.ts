import type { Dataset, Example } from "./dataset.ts";

/** The memories of data sets, by the number of examples: all that use a set share them. */
const memories = new WeakMap<object, Map<number, unknown>>();

/**
 * The same data set, but its first `count` examples are read or drawn once and then kept in memory.
 */
export function remembering<Shape extends readonly number[]>(dataset: Dataset<Shape>, count: number): Dataset<Shape> {
  const own = memories.get(dataset) ?? new Map<number, unknown>();
  memories.set(dataset, own);
  const known = own.get(count) as Dataset<Shape> | undefined;
  if (known) return known;
  const kept: Example[] = [];
  const memory: Dataset<Shape> = {
    ...dataset,
    example: (index) => {
      if (!(index >= 0 && index < count)) return dataset.example(index);
      kept[index] ??= dataset.example(index);
      return kept[index];
    },
  };
  own.set(count, memory);
  return memory;
}
