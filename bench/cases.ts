import type { Json } from "../src/parts/index.ts";

/** A network whose attack step or training step is timed. */
export interface Case {
  readonly network: "lenet" | "mlp" | "convbig" | "convnet";
  /** Tells two cases of one network apart. */
  readonly variant?: "published";
  /** Whether a step of training is timed, and not one of an attack. */
  readonly trains?: true;
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
  { network: "lenet", trains: true, params: { variant: "soteria" } },
  { network: "mlp", trains: true, params: { sizes: [1024, 1024] } },
  { network: "convbig", trains: true, params: {} },
  { network: "convnet", trains: true, params: { width: 16, norm: "batch", pool: "max" } },
];

/** The images of a training step. */
export const trainingBatch = 32;

/** The name of a case in flags and tables; its variants share it. */
export const nameOf = ({ network, trains }: Case): string => (trains ? `train-${network}` : network);

export const networks: readonly string[] = [...new Set(cases.map(nameOf))];
