import { attacks } from "../attacks/index.ts";
import type { Split } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { readImage, readTensors } from "../node/index.ts";
import type { PartSpec } from "../parts/index.ts";
import {
  candidatesOf,
  type Extras,
  type GivenFlags,
  type Places,
  places as placesOf,
  readVaried,
  requireComparable,
  type Spec,
  specOf,
  wholeNumber,
} from "../runs/index.ts";
import { chosenData, type DataFlags } from "./data.ts";
import { chosenAttack, chosenAttacks } from "./tuned.ts";

/**
 * The flags of a command that attacks, as commander gives them: those that are part of a spec, and
 * those that say where things lie.
 */
export type CommandFlags = GivenFlags &
  Partial<DataFlags> & {
    readonly split?: Split;
    readonly weights?: string;
    readonly tuned?: string | readonly string[];
    readonly update?: string;
    readonly partitionFile?: string;
    readonly truth?: readonly string[];
    readonly saveUpdate?: boolean;
  };

/** What a command line asks for: a spec, as far as flags say it, and where things lie. */
export interface Asked {
  readonly spec: { readonly [field: string]: unknown };
  readonly places: Places;
  readonly extras: Extras;
}

type Fields = { readonly [field: string]: unknown };

/**
 * What the flags of a command ask for.
 *
 * @throws LeakageError for flags, weights or files that are wrong.
 */
export async function askedBy(command: Spec["command"], flags: CommandFlags): Promise<Asked> {
  const fields = specOf(command, withDefaults(command, flags));
  const weights = flags.weights === undefined ? {} : { weights: { kind: "file", sha256: (await readTensors(flags.weights)).sha256 } };
  const spec = { ...fields, client: { ...(fields.client as Fields), ...weights } };
  const files = { ...(flags.weights === undefined ? {} : { weights: flags.weights }) };
  if (command === "invert") return inverting(flags, spec, files);
  if (flags.data === undefined) throw new LeakageError("spec", "Which data set? State --data (gradleak list data).");
  const { set, places } = chosenData(flags as DataFlags);
  const tuned = [flags.tuned ?? []].flat();
  const own = command === "train" ? await dividing(flags) : await attacking(command, flags, fields);
  return {
    spec: { ...spec, ...own, data: { ...(fields.data as Fields), set } },
    places: {
      ...places,
      ...files,
      ...(flags.partitionFile === undefined ? {} : { partition: flags.partitionFile }),
      ...(tuned.length > 0 ? { tuned } : {}),
    },
    extras: { saveUpdates: flags.saveUpdate === true },
  };
}

/** The flags with the command's defaults for those that nobody typed. */
function withDefaults(command: Spec["command"], flags: CommandFlags): GivenFlags {
  const given: GivenFlags = command === "invert" ? { ...flags, labels: undefined } : flags;
  if (command === "tune") return { split: "train", samples: "16", ...defined(given) };
  if (command === "attack") return { images: "0", ...defined(given) };
  if (command === "invert") return { classes: "10", inputShape: "3x32x32", ...defined(given) };
  if (flags.vary) return { tuningSamples: "16", budget: "32", by: "distance", ...defined(given) };
  const [idle] = Object.entries({ "--tuning-samples": flags.tuningSamples, "--budget": flags.budget, "--by": flags.by }).filter(
    ([, value]) => value,
  );
  if (idle) throw new LeakageError("spec", `${idle.join(" ")} is about tuning, and nothing is tuned without --vary; give both or neither.`);
  return given;
}

const defined = (flags: GivenFlags): GivenFlags => Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));

/**
 * The attacks of a spec: as typed, as in a file of `gradleak tune`, or as candidates of a tuning.
 */
async function attacking(command: Spec["command"], flags: CommandFlags, fields: Fields): Promise<Fields> {
  const split = (flags.split ?? "test") as Split;
  const tuned = [flags.tuned ?? []].flat();
  if (command === "tune") return candidates(flags, fields);
  if (command === "audit") {
    // Before the file is read, which may not exist. The spec of a file is checked when it is prepared.
    if (flags.vary && tuned.length > 0)
      throw new LeakageError("spec", `--vary does not fit --tuned ${tuned.join(" ")}: that attack is tuned already; give --attack.`);
    const chosen = await chosenAttacks((fields.attacks as readonly PartSpec[] | undefined) ?? [], tuned, split);
    return {
      ...(chosen.attacks.length > 0 ? { attacks: chosen.attacks } : {}),
      ...(chosen.tuned.length > 0 ? { tuned: chosen.tuned } : {}),
    };
  }
  const chosen = await chosenAttack(fields.attack as PartSpec | undefined, tuned[0], command === "invert" ? undefined : split);
  return { ...(chosen.attack ? { attack: chosen.attack } : {}), ...(chosen.tuned.length > 0 ? { tuned: chosen.tuned } : {}) };
}

/** The partition of a training, if a file states it. */
async function dividing({ partition, partitionFile }: CommandFlags): Promise<Fields> {
  if (partitionFile === undefined) return {};
  if (partition !== undefined)
    throw new LeakageError("spec", `--partition ${String(partition)} contradicts --partition-file ${partitionFile}; give one of them.`);
  return { partition: { kind: "file", sha256: (await readTensors(partitionFile, true)).sha256 } };
}

/** The candidates of `gradleak tune`. */
function candidates({ attack, vary, budget, by = "distance", seed = "0" }: CommandFlags, fields: Fields): Fields {
  const varied = [vary ?? []].flat().map((text) => readVaried(String(text)));
  const criterion = by as "distance" | "objective";
  requireComparable(criterion, varied);
  const tried = candidatesOf(
    attacks.parse(attack),
    varied,
    wholeNumber(String(budget ?? "32"), "--budget", 2),
    wholeNumber(String(seed), "--seed", 0),
  );
  if (tried.length < 2) throw new LeakageError("spec", "--vary leaves one candidate; give a value that --attack does not have already.");
  if (Array.isArray(fields.defenses) && fields.defenses.length > 1)
    throw new LeakageError("spec", "gradleak tune tunes behind one defense; give one --defense.");
  return { attacks: tried, by: criterion };
}

/** What `gradleak invert` is asked for. */
async function inverting(flags: CommandFlags, spec: Fields, files: Places): Promise<Asked> {
  if (flags.update === undefined) throw new LeakageError("spec", "Which update? State --update with a safetensors or npz file.");
  const input = spec.input as { readonly shape: readonly number[]; readonly mean?: readonly number[]; readonly std?: readonly number[] };
  const all = (value: number) => new Array<number>(input.shape.length === 1 ? 1 : input.shape[0]!).fill(value);
  const tuned = [flags.tuned ?? []].flat();
  const { labels, truth } = flags;
  const known = labels !== undefined && !["recovered", "joint", "known"].includes(String(labels));
  const shape = input.shape as readonly [number, number, number];
  return {
    spec: {
      ...spec,
      ...(await attacking("invert", flags, spec)),
      update: { ...(spec.update as Fields | undefined), sha256: (await readTensors(flags.update)).sha256 },
      input: { mean: all(0), std: all(1), ...input },
      ...(known ? { knownLabels: placesOf(String(labels), "--labels") } : labels === undefined ? {} : { labels }),
    },
    places: { ...files, update: flags.update, ...(tuned.length > 0 ? { tuned } : {}), ...(truth ? { truth } : {}) },
    extras: truth ? { truth: await Promise.all(truth.map((path) => readImage(path, shape))) } : {},
  };
}
