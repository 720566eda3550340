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
 * The likelihood of Gaussian noise: log p(g | x) = −‖g − G(x)‖² / 2s² − P log(s √2π) for P entries.
 * s is σ if the noise is on the update, and σ/√B if it is on each example of a batch of B.
 */
export const gaussianLikelihood = (sigma: number, per: Per = "update"): Likelihood => noiseLikelihood(noise(sigma, per));

/** Gaussian noise on every entry of the gradient. */
export const gaussian = part({
  kind: "gaussian",
  doc: "Adds N(0, sigma²) to every gradient entry.",
  params: {
    sigma: z
      .number()
      .positive()
      .default(0.1)
      .describe("The standard deviation σ of the noise, in units of gradient entries. Larger values hide more."),
    per: z
      .enum(["update", "example"])
      .default("update")
      .describe("Where noise is added: to the update, or to the gradient of each example before they are averaged."),
  },
  build: ({ sigma, per }): Defense => withNoise(noise(sigma, per)),
});
