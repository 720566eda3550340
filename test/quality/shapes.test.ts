import { describe, expect, it } from "vitest";
import { type Dataset, shapesSet } from "../../src/data/index.ts";
import { LeakageError } from "../../src/errors.ts";
import { fillNormal, keyFromSeed } from "../../src/random/index.ts";

const side = 32;
const examples = (set: Dataset, count: number) => Array.from({ length: count }, (_, index) => set.example(index));
const train = examples(shapesSet("train"), 500);
const test = examples(shapesSet("test"), 200);

const gray = (image: Float32Array): Float32Array =>
  Float32Array.from({ length: side * side }, (_, i) => (image[i]! + image[i + side * side]! + image[i + 2 * side * side]!) / 3);
const grays = train.map(({ image }) => gray(image));
/** What a set without structure looks like to the same measures. */
const whiteNoise = grays.slice(0, 100).map((_, seed) => {
  const out = new Float32Array(side * side);
  fillNormal(keyFromSeed(seed), out);
  return out;
});

/**
 * Fourth moment over squared second moment of the differences of neighbors in a row: 3 for Gaussian
 * ones, more where edges stand in smooth regions.
 */
function edgeKurtosis(rasters: readonly Float32Array[]): number {
  let second = 0;
  let fourth = 0;
  let count = 0;
  for (const raster of rasters)
    for (let i = 0; i < raster.length; i++) {
      if (i % side === side - 1) continue;
      const step = raster[i + 1]! - raster[i]!;
      second += step ** 2;
      fourth += step ** 4;
      count++;
    }
  return (fourth * count) / second ** 2;
}

/**
 * Slope of log power over log frequency along rows, under a Hann window, for 2 to 14 periods a row.
 */
function spectrumSlope(rasters: readonly Float32Array[]): number {
  const frequencies = Array.from({ length: 13 }, (_, i) => i + 2);
  const power = frequencies.map((frequency) => {
    const waves = Array.from({ length: side }, (_, x) => {
      const angle = (2 * Math.PI * x) / side;
      const window = 0.5 - 0.5 * Math.cos(angle);
      return [window * Math.cos(frequency * angle), window * Math.sin(frequency * angle)] as const;
    });
    let sum = 0;
    for (const raster of rasters)
      for (let row = 0; row < side; row++) {
        let re = 0;
        let im = 0;
        for (const [x, [cosine, sine]] of waves.entries()) {
          re += raster[row * side + x]! * cosine;
          im += raster[row * side + x]! * sine;
        }
        sum += re * re + im * im;
      }
    return sum;
  });
  const x = frequencies.map(Math.log);
  const y = power.map(Math.log);
  const mean = (all: readonly number[]) => all.reduce((a, b) => a + b) / all.length;
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((sum, a, i) => sum + (a - mx) * (y[i]! - my), 0) / x.reduce((sum, a) => sum + (a - mx) ** 2, 0);
}

/**
 * Strength of the edges in 8 directions, in cells of 4 × 4 pixels, at unit length: shape without
 * color and brightness.
 */
function edges(image: Float32Array): Float64Array {
  const raster = gray(image);
  const at = (row: number, column: number) =>
    raster[Math.min(side - 1, Math.max(0, row)) * side + Math.min(side - 1, Math.max(0, column))]!;
  const cells = new Float64Array(8 * 8 * 8);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const dx = at(row, column + 1) - at(row, column - 1);
      const dy = at(row + 1, column) - at(row - 1, column);
      const direction = Math.min(7, Math.floor(((Math.atan2(dy, dx) / Math.PI + 1) % 1) * 8));
      cells[((row >> 2) * 8 + (column >> 2)) * 8 + direction]! += Math.hypot(dx, dy);
    }
  const size = Math.hypot(...cells);
  return cells.map((cell) => cell / size);
}

describe("shapes look like small photographs", () => {
  // CIFAR-10 by the same measures (64 training and 64 test images): 9.1 and −2.3.
  it("have edges in smooth regions, unlike noise", () => {
    expect(edgeKurtosis(grays)).toBeGreaterThan(6);
    expect(edgeKurtosis(grays)).toBeLessThan(20);
    expect(edgeKurtosis(whiteNoise)).toBeLessThan(3.5);
  });

  it("have a spectrum that falls as photographs' does", () => {
    expect(spectrumSlope(grays)).toBeLessThan(-1.5);
    expect(spectrumSlope(grays)).toBeGreaterThan(-3);
    expect(Math.abs(spectrumSlope(whiteNoise))).toBeLessThan(0.2);
  });

  it("have the mean and deviation that they state, in every channel, in both splits", () => {
    for (const [set, rasters] of [
      [shapesSet("train"), train],
      [shapesSet("test"), test],
    ] as const)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        let squares = 0;
        for (const { image } of rasters)
          for (const pixel of image.subarray(c * side * side, (c + 1) * side * side)) {
            sum += pixel;
            squares += pixel * pixel;
          }
        const count = rasters.length * side * side;
        expect(Math.abs(sum / count - set.mean[c]!)).toBeLessThan(0.025);
        expect(Math.abs(Math.sqrt(squares / count - (sum / count) ** 2) - set.std[c]!)).toBeLessThan(0.02);
      }
  });

  it("are neither flat nor clipped", () => {
    for (const raster of grays) expect(Math.max(...raster) - Math.min(...raster)).toBeGreaterThan(0.15);
    const clipped = train.reduce((sum, { image }) => sum + image.filter((pixel) => pixel === 0 || pixel === 1).length, 0);
    expect(clipped / (train.length * 3 * side * side)).toBeLessThan(0.01);
  });
});

describe("shapes are a data set", () => {
  it("has ten classes in turn, and other images in the other split", () => {
    const set = shapesSet("test");
    expect(set).toMatchObject({ kind: "shapes", split: "test", shape: [3, 32, 32], size: 10_000 });
    expect(new Set(set.classes).size).toBe(10);
    expect([...train, ...test].every(({ index, label }) => label === index % 10)).toBe(true);
    expect(shapesSet("train").size % 10).toBe(0);
    expect(new Set([...train, ...test].map(({ image }) => image.join())).size).toBe(train.length + test.length);
  });

  it("shows its labels: an average of edges a class tells two of three test images, where chance tells one of ten", () => {
    const features = train.map(({ image }) => edges(image));
    const centers = shapesSet("train").classes.map((_, label) => {
      const center = new Float64Array(512);
      for (const [i, feature] of features.entries())
        if (train[i]!.label === label)
          feature.forEach((x, k) => {
            center[k]! += x / 50;
          });
      return center;
    });
    const right = test.filter(({ image, label }) => {
      const feature = edges(image);
      const distances = centers.map((center) => center.reduce((sum, x, k) => sum + (x - feature[k]!) ** 2, 0));
      return distances.indexOf(Math.min(...distances)) === label;
    });
    expect(right.length / test.length).toBeGreaterThan(0.66);
  });

  it("refuses an image that it does not have", () => {
    for (const index of [-1, 0.5, 10_000, Number.NaN])
      expect(() => shapesSet("test").example(index)).toThrow(
        new LeakageError("spec", `The test split of shapes has images 0 to 9999, so there is no image ${index}.`),
      );
  });
});
