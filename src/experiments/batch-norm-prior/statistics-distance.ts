import type { Client } from "../../client/index.ts";
import { filled, input } from "../../graph/index.ts";
import { perChannel } from "../../models/index.ts";
import { densityOf, priors } from "../../priors/index.ts";
import { type CompileOptions, compile } from "../../runtime/index.ts";
import { concatenate } from "../../scenario/index.ts";

/**
 * How far the statistics of batches are from the running ones, by what the prior `batch-norm`
 * minimizes (R_BN, the first layer ten times).
 */
export interface StatisticsDistance {
  /** Of a batch of images in pixel space, [c, h, w] each. */
  of(images: readonly Float32Array[]): Promise<number>;
  dispose(): Promise<void>;
}

/** Compiles it for batches of one size. */
export async function openStatisticsDistance(client: Client, batch: number, options: CompileOptions): Promise<StatisticsDistance> {
  const { mean, std } = perChannel(client.model);
  const x = input("pixels", [batch, ...client.model.shape])
    .sub(mean)
    .div(std);
  const density = densityOf(priors.build("batch-norm:weight=1"), client);
  const program = await compile({ distance: density.logProb({ x, y: filled(0, [batch, client.model.classes]) }).neg() }, options);
  return {
    of: async (images) => (await program.run({ pixels: concatenate(images) })).distance![0]!,
    dispose: () => program.dispose(),
  };
}
