import type { Dataset, Example } from "./dataset.ts";

/**
 * The same data set, whose first `count` examples are read or drawn once, and kept: for examples
 * that are needed again and again.
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
