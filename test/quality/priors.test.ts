import { describe, expect, it } from "vitest";
import { fedSgd } from "../../src/client/index.ts";
import { shapesSet } from "../../src/data/index.ts";
import { input } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { densityOf, priors } from "../../src/priors/index.ts";
import { fillNormal, fillUniform, foldIn, type KeyBits, keyFromSeed } from "../../src/random/index.ts";
import { compile } from "../../src/runtime/index.ts";

const train = shapesSet("train");
const { shape, mean, std } = train;
const examples = { count: 40, image: (i: number) => train.example(i).image };
const model = models.build("mlp:sizes=4", { shape, classes: 10, normalization: { mean, std } });
const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const rasters = Array.from({ length: 40 }, (_, i) => shapesSet("test").example(i).image);

/** Normal noise with the mean and deviation of each channel of an image. */
function noiseLike(raster: Float32Array, key: KeyBits): Float32Array {
  const noise = new Float32Array(raster.length);
  fillNormal(key, noise);
  for (let from = 0; from < raster.length; from += 1024) {
    const own = raster.subarray(from, from + 1024);
    const center = own.reduce((sum, pixel) => sum + pixel, 0) / 1024;
    const deviation = Math.sqrt(own.reduce((sum, pixel) => sum + (pixel - center) ** 2, 0) / 1024);
    for (let i = from; i < from + 1024; i++) noise[i] = center + deviation * noise[i]!;
  }
  return noise;
}

/** The pixels of an image in another order, alike for all channels. */
function shuffled(raster: Float32Array, key: KeyBits): Float32Array {
  const uniforms = new Float64Array(1024);
  fillUniform(key, uniforms);
  const order = [...uniforms.keys()].sort((a, b) => uniforms[a]! - uniforms[b]!);
  return raster.map((_, i) => raster[1024 * Math.floor(i / 1024) + order[i % 1024]!]!);
}

/** log p of images in pixel space. */
async function scores(spec: string, all: readonly Float32Array[]): Promise<number[]> {
  const x = input("x", [1, ...shape]);
  const program = await compile({ score: densityOf(priors.build(spec, { examples }), one).logProb({ x, y: x }) }, { threads: 1 });
  const found: number[] = [];
  for (const raster of all) {
    const normalized = raster.map((pixel, i) => (pixel - mean[Math.floor(i / 1024)]!) / std[Math.floor(i / 1024)]!);
    found.push((await program.run({ x: normalized })).score[0]!);
  }
  await program.dispose();
  return found;
}

const key = keyFromSeed(9);
const kinds: Readonly<Record<string, (raster: Float32Array, i: number) => Float32Array>> = {
  raster: (raster) => raster,
  noise: (raster, i) => noiseLike(raster, foldIn(key, i)),
  "its pixels in disorder": (raster, i) => shuffled(raster, foldIn(key, 100 + i)),
  // Channels in another order: as smooth as the image, with colors that training images do not
  // have.
  "other colors": (raster) => raster.map((_, i) => raster[(i + 1024) % 3072]!),
};

const changed = Object.values(kinds).flatMap((change) => rasters.map(change));

describe("priors for images tell unseen images from what is none", () => {
  it.each(["patch-mixture:stride=8,components=8,patches=2000,iterations=3", "tv:norm=l1", "tv:norm=isotropic"])("%s", async (spec) => {
    const all = await scores(spec, changed);
    const [own, noise, mixed, recolored] = Object.keys(kinds).map((_, k) => all.slice(k * rasters.length, (k + 1) * rasters.length));
    own!.forEach((score, i) => {
      expect(score, `raster ${i} and noise`).toBeGreaterThan(noise![i]!);
      expect(score, `raster ${i} and its pixels in disorder`).toBeGreaterThan(mixed![i]!);
    });
    // Only what is learned knows colors. Of 40 images, 29 to 36 are likelier than their twins, by
    // seed.
    if (spec.startsWith("patch")) expect(own!.filter((score, i) => score > recolored![i]!).length).toBeGreaterThanOrEqual(28);
  });
});
