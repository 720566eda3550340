import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mostPublic } from "../audit/index.ts";
import { type Dataset, otherSplit, remembering, vectorSets } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { openDataset } from "../node.ts";
import { nearest } from "../parts/index.ts";
import { extents } from "./flags.ts";
import { quoted } from "./shell.ts";

/** Flags that choose private images, as commander gives them. */
export interface DataFlags {
  readonly data: string;
  readonly split: "train" | "test";
  readonly dataPath?: string;
  readonly size: string;
  readonly resize: "error" | "center-area";
  readonly statistics?: string;
}

/** Data sets with a name of their own; anything else is a folder. */
const named = new Set(["shapes", "cifar10", "mnist"]);

/** The images that flags choose. */
export interface OpenedData<Shape extends readonly number[] = Dataset["shape"]> {
  readonly dataset: Dataset<Shape>;
  /** The other split, which is public, where there is one. */
  readonly publicSet?: Dataset<Shape>;
}

/** Opens what the flags choose. Throws LeakageError for data that is missing, damaged, or chosen by flags that do not fit. */
export async function openData(flags: DataFlags): Promise<OpenedData> {
  if (isVectors(flags))
    throw new LeakageError("spec", `--data ${flags.data} is a set of vectors, and this command takes pictures; gradleak audit takes both.`);
  const dataset = await open(flags, flags.split);
  return dataset.whole ? { dataset } : { dataset, publicSet: remembering(await open(flags, otherSplit(flags.split)), mostPublic) };
}

function open(flags: DataFlags, split: "train" | "test"): Promise<Dataset> {
  const [height, width] = extents(flags.size, "--size", 2) as [number, number];
  if (named.has(flags.data))
    return openDataset({ kind: flags.data, split, ...(flags.dataPath === undefined ? {} : { path: flags.dataPath }) });
  if (flags.dataPath !== undefined) throw new LeakageError("spec", `--data-path is for cifar10 and mnist, and --data is ${flags.data}.`);
  const meant = existsSync(flags.data) ? undefined : nearest(flags.data, [...named]);
  if (meant) throw new LeakageError("spec", `--data ${flags.data} is no folder and no data set; did you mean ${meant}?`);
  return openDataset({ kind: "folder", split, path: flags.data, resize: flags.resize, size: [height, width] });
}

/** Whether the flag names a set of vectors: by its kind, with or without parameters. */
const isVectors = ({ data }: DataFlags): boolean => vectorSets.parts.some(({ kind }) => data === kind || data.startsWith(`${kind}:`));

/** Opens pictures or vectors. The other split of vectors is public too. */
export async function openExamples(flags: DataFlags): Promise<OpenedData<readonly number[]>> {
  if (!isVectors(flags)) return openData(flags);
  return {
    dataset: vectorSets.build(flags.data, flags.split),
    publicSet: vectorSets.build(flags.data, otherSplit(flags.split)),
  };
}

/** How a spec records the data: of a folder, the hash of the images that are used, that of the public ones, and their size. */
export const dataSpec = (flags: DataFlags, { dataset, publicSet }: OpenedData<readonly number[]>, used: Iterable<number>) => ({
  kind: dataset.kind,
  split: flags.split,
  ...(isVectors(flags) ? { vectors: vectorSets.parse(flags.data) } : {}),
  ...(dataset.kind === "folder"
    ? {
        sha256: hashOf(dataset, used),
        ...(publicSet ? { publicSha256: hashOf(publicSet, firstOf(publicSet)) } : {}),
        size: dataset.shape.slice(1),
      }
    : {}),
});

/** Public images that identify a folder's other split: all of them where they are not many. */
const firstOf = ({ size }: Dataset<readonly number[]>): Iterable<number> => Array.from({ length: Math.min(mostPublic, size) }, (_, i) => i);

/** Identifies images of a folder. */
function hashOf(dataset: Dataset<readonly number[]>, used: Iterable<number>): string {
  const hash = createHash("sha256");
  for (const index of used) {
    const { image, label } = dataset.example(index);
    hash.update(new Uint8Array(image.buffer, image.byteOffset, image.byteLength)).update(String(label));
  }
  return hash.digest("hex");
}

/** The words of a command that choose the data. */
export const dataWords = (flags: DataFlags): readonly string[] => [
  "--data",
  quoted(flags.data),
  "--split",
  flags.split,
  ...(flags.dataPath === undefined ? [] : ["--data-path", quoted(flags.dataPath)]),
  ...(named.has(flags.data) || isVectors(flags) ? [] : ["--size", flags.size, "--resize", flags.resize]),
];
