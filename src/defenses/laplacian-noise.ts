import { z } from "zod";
import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";
import type { Likelihood } from "./law/likelihood.ts";
import { type Noise, type Per, perWords } from "./law/noise.ts";
import { noiseLikelihood, withNoise } from "./with-noise.ts";

const noise = (scale: number, per: Per): Noise => ({
  family: "laplace",
  name: `laplacian with scale ${scale}${perWords(per)}`,
  per,
  scale,
  count: 1,
});

/**
 * The likelihood of Laplacian noise: log p(g | x) = −‖g − G(x)‖₁ / b − P log 2b for P entries. If
 * the noise is on each example of a batch of B, it is the density of the mean of B draws.
 */
export const laplacianLikelihood = (scale: number, per: Per = "update"): Likelihood => noiseLikelihood(noise(scale, per));

/** Laplacian noise on every entry of the gradient. */
export const laplacian = part({
  kind: "laplacian",
  doc: "Adds Laplace(0, scale) to every gradient entry.",
  params: {
    scale: z.number().positive().default(0.1).describe("The scale b of the noise, in units of gradient entries. Larger values hide more."),
    per: z
      .enum(["update", "example"])
      .default("update")
      .describe("Where noise is added: to the update, or to the gradient of each example before they are averaged."),
  },
  build: ({ scale, per }): Defense => withNoise(noise(scale, per)),
});
