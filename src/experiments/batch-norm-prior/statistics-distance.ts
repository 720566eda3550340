import type { Machine } from "../audit/index.ts";
import type { Client } from "../client/index.ts";
import { filled, input } from "../graph/index.ts";
import { perChannel } from "../models/index.ts";
import { priors } from "../priors/index.ts";
import { compile } from "../runtime/index.ts";

/** How far the statistics of batches are from the running ones, by what the prior `batch-norm` minimizes (R_BN, the first layer ten times). */
export interface StatisticsDistance {
  /** Of a batch of pictures in pixel space, [c, h, w] each. */
  of(pictures: readonly Float32Array[]): Promise<number>;
  dispose(): Promise<void>;
}

/** Compiles it for batches of one size. */
export async function openStatisticsDistance(one: Client, batch: number, machine: Machine): Promise<StatisticsDistance> {
  const { mean, std } = perChannel(one.model);
  const x = input("pixels", [batch, ...one.model.shape])
    .sub(mean)
    .div(std);
  const density = priors.build("batch-norm:weight=1").density(one);
  const program = await compile({ distance: density.logProb({ x, y: filled(0, [batch, one.model.classes]) }).neg() }, machine);
  return {
    of: async (pictures) => (await program.run({ pixels: Float32Array.from(pictures.flatMap((picture) => [...picture])) })).distance![0]!,
    dispose: () => program.dispose(),
  };
}
