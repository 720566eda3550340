import type { Json } from "../src/parts/index.ts";

/** A network whose attack step is timed. */
export interface Case {
  readonly network: "lenet" | "mlp" | "convbig" | "convnet";
  /** Tells two cases of one network apart. */
  readonly variant?: "published";
  /** Parameters of the model; those of the PyTorch and JAX networks have the same names. */
  readonly params: Readonly<Record<string, Json>>;
}

/** What is timed, from small to large. */
export const cases: readonly Case[] = [
  { network: "lenet", params: { variant: "soteria" } },
  { network: "mlp", params: { sizes: [1024, 1024] } },
  { network: "convbig", params: {} },
  { network: "convnet", params: { width: 64, norm: "none", pool: "average" } },
  { network: "convnet", variant: "published", params: { width: 64, norm: "batch", pool: "max" } },
];

export const networks: readonly string[] = [...new Set(cases.map(({ network }) => network))];
