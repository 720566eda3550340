import { partitions, schedules } from "../federated/index.ts";
import type { PartSpec } from "../parts/index.ts";
import { most } from "./audit-spec.ts";
import { type Flag, flag, part, whole, yesOrNo } from "./flag.ts";
import { nonnegativeNumber, positiveNumber } from "./flag-values.ts";
import {
  client,
  defense,
  dpDelta,
  evidence,
  labelRule,
  labels,
  manyAttacks,
  prior,
  sampling,
  score,
  seed,
  tuning,
} from "./shared-flags.ts";
import { mostTrained, readRounds, roundsText } from "./train-spec.ts";

/** Flags of an audit, whose values are those of the audits of a training. */
const ofAudit = (flags: readonly Flag[]): readonly Flag[] => flags.map((each) => ({ ...each, path: `audit.${each.path}` }));

const positive = (name: string): Pick<Flag, "read"> => ({ read: (text) => positiveNumber(text, name) });
const nonnegative = (name: string): Pick<Flag, "read"> => ({ read: (text) => nonnegativeNumber(text, name) });
const rounds = (name: string): Pick<Flag, "read" | "write"> => ({
  read: (text) => readRounds(text, name),
  write: (value) => [roundsText(value as number[])],
});

/** The defaults of a training's clients, where they differ from those of one that is attacked. */
const trained: Readonly<Record<string, string>> = { "--mode": "train", "--batch": "32" };

const data: readonly Flag[] = [
  flag({
    name: "--examples",
    takes: "<n>",
    group: "Data",
    doc: "The training examples: the first n of the split train.",
    otherwise: "all, at most 60000",
    path: "data.examples",
    ...whole("--examples", 1),
  }),
  flag({
    name: "--test-examples",
    takes: "<n>",
    group: "Data",
    doc: "The examples that accuracy is measured on: the first n of the split test.",
    otherwise: "all, at most 10000",
    path: "data.testExamples",
    ...whole("--test-examples", 1),
  }),
];

const federation: readonly Flag[] = [
  flag({
    name: "--clients",
    takes: "<n>",
    group: "Federation",
    doc: "The number of clients.",
    otherwise: "1",
    path: "clients",
    ...whole("--clients", 1, mostTrained.clients),
  }),
  flag({
    name: "--clients-per-round",
    takes: "<n>",
    group: "Federation",
    doc: "How many clients take part in a round, drawn anew for each.",
    otherwise: "all",
    path: "taking",
    ...whole("--clients-per-round", 1, mostTrained.clients),
  }),
  flag({
    name: "--partition",
    takes: "<part>",
    group: "Federation",
    doc: "How the training examples are divided among clients: even or dirichlet:alpha=0.5 (gradleak list partitions).",
    otherwise: "even",
    path: "partition",
    read: (text) => partitions.parse(text),
    // A partition from a file is named by its file.
    write: (value) => ((value as PartSpec).kind === "file" ? [] : part(partitions).write(value)),
  }),
  flag({
    name: "--protocol",
    takes: "<protocol>",
    group: "Federation",
    doc: "What a client sends: the gradient of one batch (fed-sgd), or how far several steps moved its weights (fed-avg).",
    choices: ["fed-sgd", "fed-avg"],
    otherwise: "fed-sgd",
    path: "protocol.kind",
  }),
  flag({
    name: "--local-passes",
    takes: "<n>",
    group: "Federation",
    doc: "With fed-avg: the passes over its own examples that a client takes in a round.",
    otherwise: "1",
    path: "protocol.passes",
    ...whole("--local-passes", 1, 1000),
  }),
  flag({
    name: "--local-rate",
    takes: "<rate>",
    group: "Federation",
    doc: "With fed-avg: the learning rate of a client's steps.",
    otherwise: "0.1",
    path: "protocol.rate",
    ...positive("--local-rate"),
  }),
  flag({
    name: "--running-statistics",
    takes: "<rule>",
    group: "Federation",
    doc: "What becomes of running statistics: the server averages its clients' (average), or they never change (keep).",
    choices: ["average", "keep"],
    otherwise: "average",
    path: "statistics.rule",
  }),
  flag({
    name: "--statistics-momentum",
    takes: "<share>",
    group: "Federation",
    doc: "The share of a batch in running statistics after it.",
    otherwise: "0.1",
    path: "statistics.momentum",
    ...positive("--statistics-momentum"),
  }),
];

const training: readonly Flag[] = [
  flag({
    name: "--rounds",
    takes: "<n>",
    group: "Training",
    doc: "The number of rounds.",
    path: "rounds",
    ...whole("--rounds", 1, mostTrained.rounds),
  }),
  flag({
    name: "--epochs",
    takes: "<n>",
    group: "Training",
    doc: "In place of --rounds: how often the clients together take as many examples as there are.",
    path: "epochs",
    ...positive("--epochs"),
  }),
  flag({
    name: "--optimizer",
    takes: "<name>",
    group: "Training",
    doc: "The server's optimizer, by PyTorch's formulas.",
    choices: ["sgd", "adam"],
    otherwise: "sgd",
    path: "server.optimizer",
  }),
  flag({
    name: "--rate",
    takes: "<rate>",
    group: "Training",
    doc: "The server's learning rate.",
    otherwise: "0.1; 0.001 for adam; 1 for fed-avg, whose clients have rates of their own",
    path: "server.rate",
    ...positive("--rate"),
  }),
  flag({
    name: "--momentum",
    takes: "<share>",
    group: "Training",
    doc: "The share of the server's last step that is kept, from 0 to less than 1.",
    otherwise: "0",
    path: "server.momentum",
    ...nonnegative("--momentum"),
  }),
  flag({
    name: "--nesterov",
    takes: "<yes|no>",
    group: "Training",
    doc: "Whether the server's steps look ahead by their momentum.",
    path: "server.nesterov",
    ...yesOrNo("--nesterov", false),
  }),
  flag({
    name: "--weight-decay",
    takes: "<factor>",
    group: "Training",
    doc: "The factor of the weights that is added to their gradient.",
    otherwise: "0",
    path: "server.weightDecay",
    ...nonnegative("--weight-decay"),
  }),
  flag({
    name: "--schedule",
    takes: "<part>",
    group: "Training",
    doc: "How the server's rate changes: constant, cosine or steps (gradleak list schedules).",
    otherwise: "constant",
    path: "server.schedule",
    ...part(schedules),
  }),
  flag({
    name: "--evaluate-every",
    takes: "<n>",
    group: "Training",
    doc: "Measures accuracy every n rounds, before the first one and after the last one.",
    otherwise: "a twentieth of the rounds",
    path: "evaluate",
    ...whole("--evaluate-every", 1, mostTrained.rounds),
  }),
  flag({
    name: "--checkpoints",
    takes: "<rounds>",
    group: "Training",
    doc: "Keeps the weights after these rounds as well: 0/10/100, or every=100. Those of audits and of the last round are always kept.",
    path: "checkpoints",
    ...rounds("--checkpoints"),
  }),
];

const audits: readonly Flag[] = [
  flag({
    name: "--audit",
    takes: "<rounds>",
    group: "Audit",
    doc: "Attacks what clients would send after these rounds: 0/1/10/100, or every=100. Round 0 is before the first one.",
    path: "audit.rounds",
    ...rounds("--audit"),
  }),
  flag({
    name: "--audit-batch",
    takes: "<n>",
    group: "Audit",
    doc: "The number of images behind an attacked update.",
    otherwise: "1",
    path: "audit.batch",
    ...whole("--audit-batch", 1, 4096),
  }),
  flag({
    name: "--audit-samples",
    takes: "<n>",
    group: "Audit",
    doc: "The number of updates that are attacked after each of these rounds.",
    otherwise: "16",
    path: "audit.samples",
    ...whole("--audit-samples", 1, most.samples),
  }),
  flag({
    name: "--audit-mode",
    takes: "<mode>",
    group: "Audit",
    doc: "How the attacked client runs batch normalization: with the statistics of the batch (train) or running ones (eval).",
    choices: ["train", "eval"],
    otherwise: "eval",
    path: "audit.mode",
  }),
  flag({
    name: "--audit-of",
    takes: "<update>",
    group: "Audit",
    doc: "Attacks the update of one client, or the mean of those of all clients of a round, each with a training batch (aggregate).",
    choices: ["client", "aggregate"],
    otherwise: "client",
    path: "audit.of",
  }),
  flag({
    name: "--block-above",
    takes: "<gate>",
    group: "Audit",
    doc: 'Stops the training with exit code 1 after an audit in which this holds, such as "recovered > 0.05".',
    path: "audit.failIf",
  }),
];

/** The flags of `gradleak train` whose values are part of its spec. */
export const trainFlags: readonly Flag[] = [
  ...data,
  ...client.map((each) => (trained[each.name] === undefined ? each : { ...each, otherwise: trained[each.name]! })),
  defense("defense", false),
  dpDelta("1e-5, or 1/(10 n) for the n examples of the largest client if that is less"),
  ...federation,
  ...training,
  ...audits,
  ...ofAudit([manyAttacks, prior, labels("known"), labelRule, ...score, ...sampling, ...tuning, ...evidence]),
  seed,
];
