import type { Dataset, Example } from "./dataset.ts";

/**
 * The same data set, but its first `count` examples are read or drawn once and then kept in memory.
 */
export function remembering<Shape extends readonly number[]>(dataset: Dataset<Shape>, count: number): Dataset<Shape> {
  const kept: Example[] = [];
  return {
    ...dataset,
    example: (index) => {
      if (!(index >= 0 && index < count)) return dataset.example(index);
      kept[index] ??= dataset.example(index);
      return kept[index];
    },
  };
}
