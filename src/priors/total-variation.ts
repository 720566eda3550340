import { z } from "zod";
import { addAll, concat, root, type Tensor } from "../graph/index.ts";
import { part } from "../parts/index.ts";
import type { Prior } from "./prior.ts";
import { inSpace, type Reduction, reductionParameter, requireImages, spaceParameter } from "./space.ts";

/** The position of a neighbor: rows down, columns to the right. */
type Offset = readonly [down: number, right: number];

/** Two directions are right and down; four also have both diagonals. */
const offsets: Readonly<Record<2 | 4, readonly Offset[]>> = {
  2: [
    [0, 1],
    [1, 0],
  ],
  4: [
    [0, 1],
    [1, 0],
    [1, 1],
    [1, -1],
  ],
};

type Norm = "l1" | "squared" | "l2" | "isotropic";

/** The total variation of images [B, c, h, w], a scalar. See {@link totalVariation}. */
function variation(
  x: Tensor,
  { norm, directions, wrap, reduction }: { norm: Norm; directions: 2 | 4; wrap: boolean; reduction: Reduction },
): Tensor {
  const differences = offsets[directions].map((offset) => ({ offset, d: wrap ? circular(x, offset) : inner(x, offset) }));
  if (norm === "isotropic") {
    const squares = differences.map(({ offset, d }) => (wrap ? d : bordered(d, offset)).square());
    return root(addAll(squares)!)[reduction]();
  }
  return addAll(
    differences.map(({ d }) => {
      if (norm === "l1") return d.abs()[reduction]();
      const size = d.square()[reduction]();
      return norm === "l2" ? root(size) : size;
    }),
  )!;
}

/** Neighbor − pixel for every pixel that has the neighbor. */
function inner(x: Tensor, [down, right]: Offset): Tensor {
  const [h, w] = [x.shape.at(-2)!, x.shape.at(-1)!];
  const [rows, columns] = [h - down, w - Math.abs(right)];
  const box = (row: number, column: number) => x.range(-2, row, row + rows).range(-1, column, column + columns);
  return box(down, Math.max(0, right)).sub(box(0, Math.max(0, -right)));
}

/** Neighbor − pixel, with the last row and column next to the first. */
const circular = (x: Tensor, [down, right]: Offset): Tensor => rolled(rolled(x, -2, down), -1, right).sub(x);

const rolled = (x: Tensor, axis: number, by: number): Tensor => {
  const extent = x.shape.at(axis)!;
  const start = (by + extent) % extent;
  return start === 0 ? x : concat([x.range(axis, start, extent), x.range(axis, 0, start)], axis);
};

/** The differences, with 0 for pixels without the neighbor. */
const bordered = (d: Tensor, [down, right]: Offset): Tensor => d.pad([0, 0, 0, Math.max(0, -right)], [0, 0, down, Math.max(0, right)]);

/**
 * log p(x) = −weight · TV(x). TV adds up, over directions, a norm of the differences d of
 * neighbors: Σ |d| (l1), Σ d² (squared), √(Σ d²) over the whole batch (l2). The isotropic norm is Σ
 * √(Σ over directions d²). Σ is a mean or a sum over images, channels and positions, taken for each
 * direction.
 *
 * - Geiping et al. (2020), "Inverting Gradients": the defaults. The Soteria attack of Balunović et
 * al. (2022): `norm=squared`.
 * - The framework of Balunović et al. (2022): `norm=squared,wrap=true,reduction=sum`, up to their
 * constant 1e-7 per pixel. They average over images; this is a sum, so that the images of a batch
 * are independent.
 * - DeepInversion (Yin et al. 2020): `directions=4,reduction=sum,norm=l2` is its TV_ℓ2,
 * `directions=4,norm=l1` its TV_ℓ1.
 */
export const totalVariation = part({
  kind: "tv",
  doc: "Prefers images whose neighboring pixels are alike (total variation).",
  params: {
    weight: z.number().nonnegative().default(1e-4).describe("The factor of the total variation. Larger values give smoother images."),
    norm: z
      .enum(["l1", "squared", "l2", "isotropic"])
      .default("l1")
      .describe("The norm: absolute differences, squares, the root of all squares per direction, or the length of each pixel's gradient."),
    directions: z
      .union([z.literal(2), z.literal(4)])
      .default(2)
      .describe("The directions of neighbors: 2 are right and down, 4 also have both diagonals."),
    wrap: z.boolean().default(false).describe("Whether the last row and column are neighbors of the first."),
    reduction: reductionParameter("mean", "images, channels and positions"),
    space: spaceParameter("model"),
  },
  build: ({ weight, space, ...form }): Prior => ({
    density: ({ model }) => {
      requireImages("tv", model, 2);
      return { logProb: ({ x }) => variation(inSpace(x, space, model), form).mul(-weight) };
    },
  }),
});
