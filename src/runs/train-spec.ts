import { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { partitions, schedules } from "../federated/index.ts";
import { auditSpec, drawing } from "./audit-spec.ts";
import { wholeNumber } from "./flag-values.ts";
import { dataSpec, dpDelta, shared } from "./spec.ts";

/** The largest numbers of a training. */
export const mostTrained = { rounds: 10_000_000, clients: 100_000 } as const;

const round = z.int().nonnegative().max(mostTrained.rounds);

/** Rounds of a training: a list, or each that is a multiple of a number. */
const roundsSpec = z.union([z.array(round).min(1), z.strictObject({ every: z.int().positive() })], {
  error: "expected rounds, as --audit 0/10/100 or --audit every=100 states them",
});
type Rounds = z.output<typeof roundsSpec>;

/** Reads rounds from text: `0/10/100`, or `every=100`. */
export function readRounds(text: string, flag: string): Rounds {
  const [, every] = /^every=(.*)$/.exec(text) ?? [];
  if (every !== undefined) return { every: wholeNumber(every, flag, 1, mostTrained.rounds) };
  return text.split("/").map((piece) => {
    if (/^\d+$/.test(piece)) return wholeNumber(piece, flag, 0, mostTrained.rounds);
    throw new LeakageError("spec", `${flag} takes rounds such as 0/10/100, or every=100; got "${text}".`);
  });
}

/** Rounds in the form that {@link readRounds} reads. */
export const roundsText = (rounds: Rounds): string => (Array.isArray(rounds) ? rounds.join("/") : `every=${rounds.every}`);

/**
 * The rounds that a training names, in ascending order.
 *
 * @throws LeakageError `spec` for a round after the last one.
 */
export function roundsIn(named: Rounds | undefined, last: number, flag: string): readonly number[] {
  if (named === undefined) return [];
  if (!Array.isArray(named)) return Array.from({ length: Math.floor(last / named.every) + 1 }, (_, i) => i * named.every);
  const late = named.find((each) => each > last);
  if (late !== undefined) throw new LeakageError("spec", `${flag} names round ${late}, and the training ends after ${last}.`);
  return [...new Set(named)].sort((a, b) => a - b);
}

const {
  command: _command,
  data: _data,
  defenses: _defenses,
  client: _client,
  clients: _clients,
  seed: _seed,
  version: _version,
  tuned: _tuned,
  dpDelta: _dpDelta,
  ...audited
} = auditSpec.shape;

/**
 * What is audited during a training, and when: all that an audit has, but for the client and its
 * defense, which are those of the training.
 */
const auditsSpec = z.strictObject({
  ...audited,
  attacks: drawing.attacks.default(() => [attacks.parse("auto")]),
  /** N, the number of updates that are drawn at each of the rounds. */
  samples: auditSpec.shape.samples.default(16),
  /** The rounds after which updates are attacked. Round 0 is before the first one. */
  rounds: roundsSpec,
  /** The number of images behind an attacked update. */
  batch: z.int().positive().max(4096).default(1),
  /** How the attacked client runs batch normalization. */
  mode: z.enum(["train", "eval"]).default("eval"),
  /** Whether the update of one client is attacked, or the mean of those of all that take part. */
  of: z.enum(["client", "aggregate"]).default("client"),
});

const rate = z.number().positive();
const share = z.number().min(0).lt(1);

/**
 * The schema of a spec of `gradleak train`. The hash of the completed spec's canonical JSON names
 * the result.
 */
export const trainSpec = z.strictObject({
  command: z.literal("train"),
  version: shared.version,
  data: dataSpec.extend({
    split: z.literal("train").default("train"),
    /** The training examples: the first ones of the split. By default all, at most 60,000. */
    examples: z.int().positive().optional(),
    /** The examples that accuracy is measured on: the first ones of the split `test`. */
    testExamples: z.int().positive().optional(),
  }),
  client: shared.client.omit({ statistics: true }).extend({
    mode: z.enum(["train", "eval"]).default("train"),
    batch: z.int().positive().max(4096).default(32),
  }),
  defense: z
    .unknown()
    .default("none")
    .transform((given) => defenses.parse(given)),
  /** The δ of (ε, δ)-differential privacy. By default 1e-5, or a tenth of 1/n if that is less. */
  dpDelta,
  /** The number of clients. */
  clients: z.int().positive().max(mostTrained.clients).default(1),
  /** How many of them take part in a round. By default all do. */
  taking: z.int().positive().optional(),
  partition: z
    .unknown()
    .default("even")
    .transform((given) => partitions.parse(given)),
  /** What clients compute: a gradient, or several steps with a rate of their own. */
  protocol: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("fed-sgd") }),
      z.strictObject({ kind: z.literal("fed-avg"), passes: z.int().positive().max(1000).default(1), rate: rate.default(0.1) }),
    ])
    .default({ kind: "fed-sgd" }),
  server: z
    .strictObject({
      optimizer: z.enum(["sgd", "adam"]).default("sgd"),
      rate: rate.optional(),
      momentum: share.optional(),
      nesterov: z.boolean().default(false),
      weightDecay: z.number().nonnegative().default(0),
      schedule: z
        .unknown()
        .default("constant")
        .transform((given) => schedules.parse(given)),
    })
    .default(() => ({ optimizer: "sgd" as const, nesterov: false, weightDecay: 0, schedule: schedules.parse("constant") })),
  /** Running statistics of batch normalization: whether the server averages them, and their momentum. */
  statistics: z
    .strictObject({ rule: z.enum(["average", "keep"]).default("average"), momentum: z.number().gt(0).max(1).default(0.1) })
    .default({ rule: "average", momentum: 0.1 }),
  /** The length of the training: rounds, or passes over all examples. */
  rounds: z.int().positive().max(mostTrained.rounds).optional(),
  epochs: z.number().positive().optional(),
  /** Accuracy is measured every so many rounds, before the first one and after the last one. */
  evaluate: z.int().positive().optional(),
  /** The rounds after which weights are kept, in addition to the last one and to audited ones. */
  checkpoints: roundsSpec.optional(),
  audit: auditsSpec.optional(),
  seed: shared.seed,
});

type Asked = z.output<typeof trainSpec>;

/** A spec with everything that its data and its length decide. */
export type TrainSpec = Omit<
  Asked,
  "client" | "data" | "epochs" | "server" | "audit" | "checkpoints" | "rounds" | "evaluate" | "taking"
> & {
  readonly data: Asked["data"] & { readonly examples: number; readonly testExamples: number };
  /** Running statistics are learned, not estimated. */
  readonly client: Asked["client"] & { readonly statistics?: undefined };
  readonly taking: number;
  readonly server: Asked["server"] & { readonly rate: number };
  readonly rounds: number;
  readonly evaluate: number;
  readonly checkpoints?: readonly number[];
  readonly audit?: Omit<NonNullable<Asked["audit"]>, "rounds"> & { readonly rounds: readonly number[] };
};
