import { expect, it } from "vitest";
import type { Split } from "../../src/data/index.ts";
import { fetchDataset, openDataset } from "../../src/node/index.ts";

const first = async (kind: string, split: Split) => {
  const set = await openDataset(kind, split);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < set.size; i++) counts[set.example(i).label]!++;
  return { set, counts, labels: Array.from({ length: 10 }, (_, i) => set.example(i).label) };
};

it("CIFAR-10 is the official set: labels, their counts, and the red car", async () => {
  await fetchDataset("cifar10");
  const train = await first("cifar10", "train");
  expect(train.counts).toEqual(new Array(10).fill(5000));
  expect(train.labels).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
  const test = await first("cifar10", "test");
  expect(test.counts).toEqual(new Array(10).fill(1000));
  expect(test.labels).toEqual([3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);

  const { image, label } = train.set.example(5);
  expect(train.set.classes[label]).toBe("automobile");
  const [red, green, blue] = [0, 1, 2].map(
    (c) => image.subarray(1024 * c + 10 * 32, 1024 * c + 22 * 32).reduce((sum, pixel) => sum + pixel, 0) / 384,
  );
  expect(red! - green!).toBeGreaterThan(0.2);
  expect(red! - blue!).toBeGreaterThan(0.2);
});

it("MNIST is the official set: labels and their counts", async () => {
  await fetchDataset("mnist");
  const train = await first("mnist", "train");
  expect(train.counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  expect(train.labels).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  const test = await first("mnist", "test");
  expect(test.counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
});
