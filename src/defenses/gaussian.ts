import { z } from "zod";
import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";
import type { Likelihood } from "./law/likelihood.ts";
import { type Noise, type Per, perWords } from "./law/noise.ts";
import { noiseLikelihood, withNoise } from "./with-noise.ts";

const noise = (sigma: number, per: Per): Noise => ({
  family: "normal",
  name: `gaussian with sigma ${sigma}${perWords(per)}`,
  per,
  variance: (batchSize) => sigma ** 2 / (per === "example" ? batchSize : 1),
});

/**
 * log p(g | x) = −‖g − G(x)‖² / 2s² − P log(s √2π) for P entries, with s = σ on the update and σ/√B
 * on each example of a batch of B.
 */
export const gaussianLikelihood = (sigma: number, per: Per = "update"): Likelihood => noiseLikelihood(noise(sigma, per));

/** Gaussian noise on every entry of the gradient. */
export const gaussian = part({
  kind: "gaussian",
  doc: "Adds N(0, sigma²) to every gradient entry.",
  params: {
    sigma: z.number().positive().default(0.1).describe("Standard deviation sigma."),
    per: z
      .enum(["update", "example"])
      .default("update")
      .describe("Noise on the update, or on the gradient of each example before they are averaged."),
  },
  build: ({ sigma, per }): Defense => withNoise(noise(sigma, per)),
});
