import { part } from "../parts/index.ts";
import { foldIn, keyFromSeed } from "../random/index.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import { requireIndex, toPixels } from "./examples.ts";
import { render, side } from "./shapes/render.ts";
import { drawScene } from "./shapes/scene.ts";
import { solids } from "./shapes/solids.ts";
import type { Split } from "./split.ts";

// The keys of these images follow from seeds of their own, by indices and without a stream, and
// their bytes are fixed. No key of a run is one of them, even where a run has the seed 1 or 2. Only
// streams fold below the root of a run, and their numbers begin at 2³¹. The indices here stay below.
const ofSplit = { train: { seed: 1, size: 50_000 }, test: { seed: 2, size: 10_000 } } as const;

/** What the key of an image makes, by the index that folds below it. */
const ofImage = { scene: 0, grain: 1 } as const;

/** The catalogue entry of the rendered images. */
export const shapes = part({
  kind: "shapes",
  doc: "Rendered 32×32 color images of ten kinds of objects. They need no download.",
  params: {},
  build: (): DataSource<Dataset["shape"]> => ({ reads: "nothing", open: async (split) => shapesSet(split) }),
});

/** The classes take turns. */
const labelOf = (index: number): number => index % solids.length;

/**
 * Rendered images: 32 × 32 in color, ten kinds of objects on textured grounds, in light and shadow.
 * An image depends only on its split and index, is rendered on demand, and has the same bytes on
 * every machine. Images 0 to 9 show the ten classes in order, as do 10 to 19, and so on. Mean and
 * standard deviation are those of all 50000 training images.
 */
export function shapesSet(split: Split): Dataset {
  const { seed, size } = ofSplit[split];
  const all = keyFromSeed(seed);
  return {
    kind: "shapes",
    split,
    shape: [3, side, side],
    classes: solids.map(({ name }) => name),
    size,
    mean: [0.47534, 0.46821, 0.39966],
    std: [0.2162, 0.20666, 0.20927],
    notes: [],
    label: labelOf,
    example(index) {
      requireIndex(index, size, `The ${split} split of shapes`);
      const key = foldIn(all, index);
      const label = labelOf(index);
      const scene = drawScene(solids[label]!, foldIn(key, ofImage.scene));
      return { index, image: toPixels(render(scene, foldIn(key, ofImage.grain))), label };
    },
  };
}
