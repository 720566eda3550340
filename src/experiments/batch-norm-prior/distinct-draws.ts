import type { Dataset, Example } from "../../data/index.ts";
import { type KeyBits, randomBits, shuffled, stream } from "../../random/index.ts";

/**
 * Examples of as many different classes of `shapes`, whose classes come round in order: the classes
 * are drawn without replacement, and of each one of its examples.
 *
 * @param count at most the number of classes.
 */
export function distinctDraws(dataset: Dataset, count: number, key: KeyBits): readonly Example[] {
  const classes = dataset.classes.length;
  const rounds = Math.floor(dataset.size / classes);
  const words = randomBits(stream(key, "choice"), count);
  return shuffled(classes, stream(key, "order"))
    .slice(0, count)
    .map((label, i) => dataset.example(Math.floor((words[i]! * rounds) / 2 ** 32) * classes + label));
}
