import { requireDpDelta } from "../accounting/index.ts";
import { labelRules } from "../adversary/index.ts";
import { attacks } from "../attacks/index.ts";
import { losses } from "../client/index.ts";
import { splits } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { models } from "../models/index.ts";
import { formatValue, type PartSpec } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { criterion, labelPolicies } from "../scenario/index.ts";
import { attackName, defenseName, most } from "./audit-spec.ts";
import { type Flag, flag, type Part, part, whole, yesOrNo } from "./flag.ts";
import { extents, positiveNumber, realNumbers } from "./flag-values.ts";
import { readVaried } from "./tuning.ts";
import { updateKinds } from "./update-kinds.ts";

export const split = (scored: boolean) =>
  flag({
    name: "--split",
    takes: "<split>",
    group: "Data",
    doc: "The split of the data set that private images come from.",
    choices: splits,
    otherwise: scored ? "test" : "train",
    path: "data.split",
  });

export const client: readonly Flag[] = [
  flag({
    name: "--model",
    takes: "<part>",
    group: "Client",
    doc: "The network, such as convbig or mlp:sizes=1024/1024 (gradleak list models).",
    path: "client.model",
    ...part(models),
  }),
  flag({
    name: "--mode",
    takes: "<mode>",
    group: "Client",
    doc: "How the client runs batch normalization: with the statistics of the batch (train) or running ones (eval).",
    choices: ["train", "eval"],
    otherwise: "eval",
    path: "client.mode",
  }),
  flag({
    name: "--batch",
    takes: "<n>",
    group: "Client",
    doc: "The number of images in one update.",
    otherwise: "1",
    path: "client.batch",
    ...whole("--batch", 1, 4096),
  }),
  flag({
    name: "--loss",
    takes: "<part>",
    group: "Client",
    doc: "The loss that the client minimizes (gradleak list losses).",
    otherwise: "cross-entropy",
    path: "client.loss",
    ...part(losses),
  }),
];

export const statistics = flag({
  name: "--statistics",
  takes: "<n>",
  group: "Client",
  doc: "Estimates running statistics of batch normalization from n public images if the weights have none.",
  path: "client.statistics.examples",
  ...whole("--statistics", 1),
});

export const prior = flag({
  name: "--prior",
  takes: "<part>",
  group: "Attack",
  doc: "The prior p(image) that the attacker assumes, for attacks that leave it open (gradleak list priors).",
  path: "prior",
  ...part(priors),
});

export const adaptive = flag({
  name: "--adaptive",
  takes: "<yes|no>",
  group: "Attack",
  doc: "Whether the attack that knows the defense runs beside each attack, on the same updates.",
  path: "adaptive",
  ...yesOrNo("--adaptive", true),
});

export const labels = (otherwise: string) =>
  flag({
    name: "--labels",
    takes: "<policy>",
    group: "Attack",
    doc: "How the attacker gets labels: known, recovered from the update, or searched jointly with the images.",
    choices: labelPolicies,
    otherwise,
    path: "labels",
  });

export const labelRule = flag({
  name: "--label-rule",
  takes: "<rule>",
  group: "Attack",
  doc: "How labels are read off an update: sign (one image), distinct (no class twice) or counts (any batch).",
  choices: labelRules,
  otherwise: "sign for one image, else the attack's own or counts",
  path: "labelRule",
});

export const score: readonly Flag[] = [
  flag({
    name: "--delta",
    takes: "<distance>",
    group: "Score",
    doc: "An image counts as recovered within this Euclidean distance.",
    otherwise: "0.1·√d, a root mean square error of 0.1 per pixel; vectors must state it",
    path: "score.delta",
    read: (text) => positiveNumber(text, "--delta"),
  }),
  flag({
    name: "--delta-space",
    takes: "<space>",
    group: "Score",
    doc: "The space of that distance: between pixels, or between inputs as the network sees them.",
    choices: ["pixel", "model"],
    otherwise: "pixel",
    path: "score.deltaSpace",
  }),
];

export const seed = flag({
  name: "--seed",
  takes: "<n>",
  group: "Run",
  doc: "The seed of all randomness.",
  otherwise: "0",
  path: "seed",
  ...whole("--seed", 0),
});

export const oneAttack = (path: string, doc: string) =>
  flag({
    name: "--attack",
    takes: "<part>",
    group: "Attack",
    doc,
    otherwise: "auto",
    path,
    read: (text) => attacks.parse(text),
    write: (value) => [attackName(value as PartSpec)],
  });

export const manyAttacks = flag({
  name: "--attack",
  takes: "<part...>",
  group: "Attack",
  doc: "An attack; repeat it to run several on the same draws (gradleak list attacks).",
  otherwise: "auto",
  path: "attacks",
  read: (text) => attacks.parse(text),
  write: (value) => (value as readonly PartSpec[]).map(attackName),
});

/** What a gate and the statements of an audit rest on. */
export const evidence: readonly Flag[] = [
  flag({
    name: "--accept-failed",
    takes: "<yes|no>",
    group: "Score",
    doc: "Whether the gate counts failed attacks as misses. With no, it makes no statement over them (exit code 4).",
    path: "acceptFailed",
    ...yesOrNo("--accept-failed", false),
  }),
  flag({
    name: "--control",
    takes: "<yes|no>",
    group: "Sampling",
    doc: "Whether each attack also runs without its defense, on at most 64 draws, to show that it works.",
    path: "control",
    ...yesOrNo("--control", true),
  }),
];

export const defense = (path: string, many: boolean, several = "") =>
  flag({
    name: "--defense",
    takes: many ? "<part...>" : "<part>",
    group: "Client",
    doc: `The defense that the client uses${several} (gradleak list defenses).`,
    otherwise: "none",
    path,
    read: (text) => defenses.parse(text),
    write: (value) => (many ? (value as readonly Part[]) : [value as Part]).map(defenseName),
  });

export const dpDelta = (otherwise: string) =>
  flag({
    name: "--dp-delta",
    takes: "<probability>",
    group: "Client",
    doc: "The δ of the (ε, δ)-differential privacy that is reported behind a private defense, such as dp-sgd.",
    otherwise,
    path: "dpDelta",
    read: (text) => {
      const value = positiveNumber(text, "--dp-delta");
      requireDpDelta(value);
      return value;
    },
  });

export const sampling: readonly Flag[] = [
  flag({
    name: "--chunk",
    takes: "<n>",
    group: "Sampling",
    doc: "The number of updates that are finished and kept together, rounded up to a multiple of the lanes.",
    otherwise: "follows from the size of the network",
    path: "chunk",
    ...whole("--chunk", 1, most.samples),
  }),
  flag({
    name: "--lanes",
    takes: "<n>",
    group: "Sampling",
    doc: "The number of updates that one program attacks together.",
    otherwise: "follows from the size of the network",
    path: "lanes",
    ...whole("--lanes", 1, most.lanes),
  }),
  flag({
    name: "--confidence",
    takes: "<level>",
    group: "Sampling",
    doc: "The two-sided confidence level of each interval, between 0 and 1.",
    otherwise: "0.95",
    path: "confidence",
    read: (text) => positiveNumber(text, "--confidence"),
  }),
];

export const tuning: readonly Flag[] = [
  flag({
    name: "--vary",
    takes: "<values...>",
    group: "Tuning",
    doc: "Tunes the attacks first: a parameter and the values to try, such as rate=0.05/0.1 or prior.weight=1/10.",
    path: "tuning.vary",
    read: readVaried,
    write: (value) =>
      (value as readonly { path: string; values: readonly never[] }[]).map(
        ({ path, values }) => `${path}=${values.map((one) => (one === null ? "none" : formatValue(one))).join("/")}`,
      ),
  }),
  flag({
    name: "--tuning-samples",
    takes: "<n>",
    group: "Tuning",
    doc: "The number of updates that each candidate is tried on, with images of the other split.",
    otherwise: "16",
    path: "tuning.samples",
    ...whole("--tuning-samples", 2, most.samples),
  }),
  flag({
    name: "--budget",
    takes: "<n>",
    group: "Tuning",
    doc: "The largest number of candidates per attack, which is the same for all attacks.",
    otherwise: "32",
    path: "tuning.budget",
    ...whole("--budget", 2),
  }),
  flag({
    name: "--by",
    takes: "<criterion>",
    group: "Tuning",
    doc: "What tuning minimizes: the mean distance from the true images, or the attacker's own objective.",
    choices: criterion.options,
    otherwise: "distance",
    path: "tuning.by",
  }),
];

export const input: readonly Flag[] = [
  flag({
    name: "--classes",
    takes: "<n>",
    group: "Data",
    doc: "The number of classes of the network.",
    otherwise: "10",
    path: "input.classes",
    ...whole("--classes", 2, 65_536),
  }),
  flag({
    name: "--input-shape",
    takes: "<c>x<h>x<w>",
    group: "Data",
    doc: "The shape of one input: channels, height and width of an image, or the length of a vector.",
    otherwise: "3x32x32",
    path: "input.shape",
    read: (text) => extents(text, "--input-shape"),
    write: (value) => [(value as readonly number[]).join("x")],
  }),
  ...(["mean", "std"] as const).map((name) =>
    flag({
      name: `--${name}`,
      takes: "<list>",
      group: "Data",
      doc: `The ${name === "mean" ? "mean" : "standard deviation"} of each channel, for pixels in [0, 1]: the network sees (pixel − mean)/std.`,
      otherwise: name === "mean" ? "0" : "1",
      path: `input.${name}`,
      read: (text) => realNumbers(text, `--${name}`),
      write: (value) => [(value as readonly number[]).join(",")],
    }),
  ),
];

export const update: readonly Flag[] = [
  flag({
    name: "--update-is",
    takes: "<kind>",
    group: "Data",
    doc: "What the update is: a gradient, a difference of weights (after minus before), or the weights after training.",
    choices: updateKinds,
    otherwise: "gradient; an update with the signs of something else is refused",
    path: "update.is",
  }),
  flag({
    name: "--scale",
    takes: "<factor>",
    group: "Data",
    doc: "The factor of the update: of a gradient, the factor of its loss; of a difference or new weights, the learning rate.",
    otherwise: "read off the last layer for one image, otherwise 1 for a gradient",
    path: "update.scale",
    read: (text) => positiveNumber(text, "--scale"),
  }),
];

export const samples = (otherwise?: string) =>
  flag({
    name: "--samples",
    takes: "<n>",
    group: "Sampling",
    doc: "The number of updates that are drawn.",
    ...(otherwise === undefined ? {} : { otherwise }),
    path: "samples",
    ...whole("--samples", 1, most.samples),
  });
