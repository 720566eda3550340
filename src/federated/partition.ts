import { z } from "zod";
import { LeakageError } from "../errors.ts";
import { catalogue, part } from "../parts/index.ts";
import { fillNormal, fillUniform, foldIn, type KeyBits, shuffled, split } from "../random/index.ts";

/** What a partition is made from. */
export interface Divided {
  /** The class of each training example, counted from 0. */
  readonly labels: readonly number[];
  readonly classes: number;
  /** The number of clients. */
  readonly clients: number;
  readonly key: KeyBits;
  /** The client of each training example, counted from 0, if a file states it. */
  readonly stated?: ArrayLike<number>;
}

/** The positions of each client's examples. */
export type Partition = readonly (readonly number[])[];

/** How the training examples are divided among clients. */
export type Dividing = (divided: Divided) => Partition;

const even = part({
  kind: "even",
  doc: "Every client gets as many examples, at random: all have the same law.",
  params: {},
  build:
    (): Dividing =>
    ({ labels, clients, key }) => {
      const order = shuffled(labels.length, key);
      return Array.from({ length: clients }, (_, client) =>
        order.slice(Math.floor((client * order.length) / clients), Math.floor(((client + 1) * order.length) / clients)),
      );
    },
});

/**
 * Label skew (Hsu, Qi & Brown 2019): for each class, the shares of the clients are a draw from
 * Dirichlet(α, …, α).
 */
const dirichlet = part({
  kind: "dirichlet",
  doc: "Clients differ in their classes: the shares of each class are drawn from a Dirichlet law.",
  params: {
    alpha: z
      .number()
      .positive()
      .max(1e6)
      .default(0.5)
      .describe("The concentration α: near 0 every class has one client, and for large α the clients are alike."),
  },
  build:
    ({ alpha }): Dividing =>
    ({ labels, classes, clients, key }) => {
      const parts: number[][] = Array.from({ length: clients }, () => []);
      for (let label = 0; label < classes; label++) {
        const [forOrder, forShares] = split(foldIn(key, label), 2) as [KeyBits, KeyBits];
        const own = labels.flatMap((each, position) => (each === label ? [position] : []));
        const order = shuffled(own.length, forOrder).map((place) => own[place]!);
        let share = 0;
        let from = 0;
        for (const [client, each] of dirichletDraw(alpha, clients, forShares).entries()) {
          share += each;
          const to = client === clients - 1 ? order.length : Math.round(share * order.length);
          parts[client]!.push(...order.slice(from, to));
          from = Math.max(from, to);
        }
      }
      return parts;
    },
});

const file = part({
  kind: "file",
  doc: "A file states the client of each training example (--partition-file).",
  params: {
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal digits")
      .describe("The SHA-256 of the file: one tensor, with the client of each training example, counted from 0."),
  },
  build:
    (): Dividing =>
    ({ labels, clients, stated }) => {
      if (!stated || stated.length !== labels.length)
        throw new LeakageError(
          "file",
          `A partition names the client of each training example: there are ${labels.length} examples, and the file names ${stated?.length ?? 0}.`,
        );
      const parts: number[][] = Array.from({ length: clients }, () => []);
      for (let position = 0; position < stated.length; position++) {
        const own = parts[stated[position]!];
        if (!own)
          throw new LeakageError(
            "file",
            `The partition gives example ${position} to client ${stated[position]}, and clients are 0 … ${clients - 1} (--clients ${clients}).`,
          );
        own.push(position);
      }
      return parts;
    },
});

/** The catalogue of partitions of the training examples over clients. */
export const partitions = catalogue<Dividing>("partition", [dirichlet, even, file]);

/**
 * Divides the training examples among clients.
 *
 * @param dividing an entry of {@link partitions}.
 * @throws LeakageError `spec` for a client without examples, `file` for a file that does not fit.
 */
export function divide(dividing: Dividing, divided: Divided): Partition {
  const parts = dividing(divided);
  const empty = parts.findIndex(({ length }) => length === 0);
  if (empty < 0) return parts;
  throw new LeakageError(
    "spec",
    `The partition of ${divided.labels.length} training examples leaves client ${empty} of ${divided.clients} (counted from 0) without any: take fewer --clients, another --partition, or another --seed.`,
  );
}

/**
 * A draw from Dirichlet(α, …, α): Gamma variables over their sum. They are computed by their
 * logarithms, because Gamma variables of a small α are 0 in float64.
 */
function dirichletDraw(alpha: number, count: number, key: KeyBits): readonly number[] {
  const logs = Array.from({ length: count }, (_, i) => logGamma(alpha, foldIn(key, i)));
  const largest = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * The logarithm of a draw from Gamma(α, 1) by Marsaglia and Tsang (2000). For α < 1 it is one of
 * Gamma(α + 1, 1) times U^(1/α).
 */
function logGamma(alpha: number, key: KeyBits): number {
  const boosted = alpha < 1 ? alpha + 1 : alpha;
  const d = boosted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; ; attempt++) {
    const [forNormal, forUniform] = split(foldIn(key, attempt), 2) as [KeyBits, KeyBits];
    const normal = new Float64Array(1);
    const uniforms = new Float64Array(2);
    fillNormal(forNormal, normal);
    fillUniform(forUniform, uniforms);
    const v = (1 + c * normal[0]!) ** 3;
    // Uniform draws are multiples of 2⁻²³ from 0 on; half a step keeps them off 0.
    const [u, boost] = [uniforms[0]! + 2 ** -24, uniforms[1]! + 2 ** -24];
    if (v > 0 && Math.log(u) < normal[0]! ** 2 / 2 + d - d * v + d * Math.log(v))
      return Math.log(d * v) + (alpha < 1 ? Math.log(boost) / alpha : 0);
  }
}
