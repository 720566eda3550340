import { type Command, Option } from "commander";
import { type Flag, flagsOf, takesMany } from "../runs/index.ts";

type Attacking = keyof typeof flagsOf;

/** A flag that says where something lies or how it runs. It is not part of a spec. */
interface Door {
  readonly flags: string;
  readonly doc: string;
  readonly group: string;
  readonly required?: boolean;
}

const group = (name: string): string => `${name}:`;

/** The flags of every command that runs something. */
const run: readonly Door[] = [
  { group: "Run", flags: "--out <folder>", doc: "The folder of the result (default: out/<command>-<hash of the spec>)." },
  { group: "Run", flags: "--threads <n>", doc: "The number of threads (default: the number of cores)." },
  {
    group: "Run",
    flags: "--device <name>",
    doc: "The device that computes: cpu, or another device of the installed ONNX Runtime (default: cpu).",
  },
  { group: "Run", flags: "--json", doc: "Prints one JSON object per line on stdout. The last one has the result." },
];

const data: readonly Door[] = [
  {
    group: "Data",
    flags: "--data <set>",
    doc: "A data set (gradleak list data), such as shapes, which ships with this program, or a folder of PNG and JPEG images.",
    required: true,
  },
  {
    group: "Data",
    flags: "--data-path <folder>",
    doc: "The folder with the official files of a data set, in place of the downloaded ones.",
  },
  { group: "Data", flags: "--size <h>x<w>", doc: "The size that a folder's images are resized to (default: 32x32)." },
  {
    group: "Data",
    flags: "--resize <how>",
    doc: "What happens to images of another size in a folder: error, or center-area (default: center-area).",
  },
  { group: "Data", flags: "--channels <n>", doc: "The channels of a folder's images: 3 for color, 1 for gray (default: 3)." },
  {
    group: "Data",
    flags: "--classes <n>",
    doc: "The number of classes of the network, where a folder has fewer subfolders, or none (default: one class per subfolder).",
  },
];

const weights: Door = {
  group: "Client",
  flags: "--weights <file>",
  doc: "The network's weights, as safetensors or npz. Without this flag they are drawn from the seed.",
};

const tuned = (takes: string, doc: string): Door => ({ group: "Attack", flags: `--tuned ${takes}`, doc });

const partition = (doc: string): Door => ({ group: "Federation", flags: "--partition-file <file>", doc });

const doors: Readonly<Record<Attacking, readonly Door[]>> = {
  attack: [
    ...data,
    weights,
    tuned("<file>", "An attack that gradleak tune wrote, in place of --attack."),
    {
      group: "Run",
      flags: "--save-update",
      doc: "Also writes what the server saw: weights.safetensors, and update-<index>.safetensors with what was published beside each update.",
    },
    ...run,
  ],
  audit: [...data, weights, tuned("<file...>", "Attacks that gradleak tune wrote, in addition to --attack or in its place."), ...run],
  invert: [
    {
      group: "Data",
      flags: "--update <file>",
      doc: "Gradients by parameter name, as safetensors or npz. Published masks are named mask<place>.<parameter>.",
      required: true,
    },
    { ...weights, doc: "The weights that the client had when it computed the update, as safetensors or npz. An inversion needs them." },
    tuned("<file>", "An attack that gradleak tune wrote, in place of --attack."),
    {
      group: "Attack",
      flags: "--labels <list>",
      doc: "The classes of the images, such as 3 or 3,5, or recovered, or joint (default: recovered for one image).",
    },
    { group: "Score", flags: "--truth <files...>", doc: "The original images, only to score the result." },
    ...run,
  ],
  train: [
    ...data,
    {
      ...weights,
      doc: "The weights that the training begins with, as safetensors or npz. Without this flag they are drawn from the seed.",
    },
    partition("The client of each training example, as one tensor in safetensors or npz, in place of --partition."),
    ...run,
  ],
  tune: [
    ...data,
    weights,
    { group: "Attack", flags: "--attack <part>", doc: "The attack. All candidates take as many steps as it does.", required: true },
    {
      group: "Tuning",
      flags: "--vary <values...>",
      doc: "A parameter and the values to try, such as rate=0.05/0.1 or prior.weight=1/10.",
      required: true,
    },
    {
      group: "Tuning",
      flags: "--budget <n>",
      doc: "The largest number of candidates. If there are more combinations, candidates are a random choice (default: 32).",
    },
    {
      group: "Tuning",
      flags: "--by <criterion>",
      doc: "What tuning minimizes: distance, the mean distance from the true images, or objective, the attacker's own (default: distance).",
    },
    ...run,
  ],
};

/** The files that `gradleak run` takes in addition to a spec. */
export const runDoors: readonly Door[] = [
  { group: "Data", flags: "--data <folder>", doc: "The folder of images that the spec names by a hash." },
  { group: "Data", flags: "--data-path <folder>", doc: "The folder with the official files of a data set." },
  { group: "Data", flags: "--update <file>", doc: "The update that the spec names by a hash." },
  { ...weights, doc: "The weights that the spec names by a hash." },
  partition("The partition of training examples over clients that the spec names by a hash."),
  { group: "Score", flags: "--truth <files...>", doc: "The original images of an inverted update, only to score the result." },
  ...run,
];

/** The order in which help shows the groups. */
const order = ["Data", "Client", "Federation", "Training", "Audit", "Attack", "Score", "Sampling", "Tuning", "Run"];

const optionOf = (flag: Flag): Option => {
  const otherwise = flag.otherwise === undefined ? "" : ` (default: ${flag.otherwise})`;
  const option = new Option(`${flag.name} ${flag.takes}`, `${flag.doc.replace(/\.$/, "")}${otherwise}.`).helpGroup(group(flag.group));
  // Commander checks one value against choices; several values are checked when they are read.
  return flag.choices && !takesMany(flag) ? option.choices([...flag.choices]) : option;
};

const doorOption = ({ flags, doc, group: name, required }: Door): Option =>
  new Option(flags, doc).helpGroup(group(name)).makeOptionMandatory(required === true);

/** The flags that a command requires, of those that are part of its spec. */
const mandatory: Readonly<Record<Attacking, readonly string[]>> = {
  attack: ["--model"],
  audit: ["--model", "--samples"],
  invert: ["--model"],
  train: ["--model"],
  tune: ["--model"],
};

/** Example command lines of each command. */
const examples: Readonly<Record<Attacking, readonly string[]>> = {
  attack: [
    "gradleak attack --data shapes --images 0-3 --model lenet --attack idlg",
    "gradleak attack --data cifar10 --images 0-7 --model convbig --attack inverting-gradients:steps=1000,tv=4e-4,tvNorm=squared",
    "gradleak attack --data ~/Pictures --classes 10 --images 0 --model convbig --defense gaussian:sigma=0.001 --attack inverting-gradients",
  ],
  audit: [
    'gradleak audit --data shapes --model mlp:sizes=64 --samples 80 --defense none gaussian:sigma=0.01 --attack inverting-gradients:steps=300 --fail-if "recovered > 0.5"',
    "gradleak audit --data gaussian:dimension=20,classes=10 --model mlp:sizes=100 --defense laplacian:scale=0.1 --attack bayes:steps=200 --prior gaussian --delta 1 --samples 1000",
  ],
  invert: ["gradleak invert --model convbig --weights model.safetensors --update u.safetensors --attack inverting-gradients --labels 3"],
  train: [
    "gradleak train --data shapes --examples 2000 --model mlp:sizes=64 --clients 4 --rounds 200 --rate 0.05 --momentum 0.9",
    "gradleak train --data mnist --model mlp:sizes=128/64 --clients 10 --partition dirichlet:alpha=0.5 --rounds 2000 --rate 0.05 --momentum 0.9",
    "gradleak train --data cifar10 --model convbig --clients 4 --epochs 10 --rate 0.01 --momentum 0.9 --audit 0/1/10/100/1000",
  ],
  tune: [
    'gradleak tune --data shapes --model mlp:sizes=64 --defense gaussian:sigma=0.01 --attack "bayes:steps=300,prior=(tv:weight=100,norm=squared)" --vary rate=0.05/0.1 prior.weight=10/100/1000',
  ],
};

/** Adds the flags of a command that attacks, in groups, with examples. */
export function addOptions(command: Command, name: Attacking): Command {
  const own = flagsOf[name].map((flag) => ({
    at: flag.group,
    option: optionOf(flag).makeOptionMandatory(mandatory[name].includes(flag.name)),
  }));
  const others = doors[name].map((door) => ({ at: door.group, option: doorOption(door) }));
  for (const { option } of [...others, ...own].sort((a, b) => order.indexOf(a.at) - order.indexOf(b.at))) command.addOption(option);
  return command.addHelpText("after", `\nExamples:\n${examples[name].map((line) => `  ${line}`).join("\n")}`);
}

/** Adds the flags of `gradleak run`. */
export function addRunOptions(command: Command): Command {
  for (const door of runDoors) command.addOption(doorOption(door));
  return command.addHelpText(
    "after",
    "\nExamples:\n  gradleak run spec.yaml\n  gradleak run out/audit-0123456789ab/result.json --data ~/Pictures --weights model.safetensors",
  );
}
