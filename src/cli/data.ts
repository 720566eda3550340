import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mostPublic } from "../audit/index.ts";
import { type Dataset, datasets, isPictures, otherSplit, remembering, type Split } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { openDataset } from "../node/index.ts";
import { nearest, type PartSpec } from "../parts/index.ts";
import { extents } from "./flags.ts";
import { quoted } from "./shell.ts";

/** Flags that choose private images, as commander gives them. */
export interface DataFlags {
  /** A part of the catalogue, or the path of a folder of pictures. */
  readonly data: string;
  readonly split: Split;
  readonly dataPath?: string;
  readonly size?: string;
  readonly resize?: string;
  readonly statistics?: string;
}

/** The images that flags choose. */
export interface OpenedData<Shape extends readonly number[] = Dataset["shape"]> {
  readonly dataset: Dataset<Shape>;
  /** The other split, which is public, if there is one. */
  readonly publicSet?: Dataset<Shape>;
}

/** A data set of the catalogue, and where its files lie. */
interface Chosen {
  readonly set: PartSpec;
  readonly path?: string;
}

const kinds = datasets.parts.map(({ kind }) => kind);

/** The kind of what --data names by its path. */
const folder = "folder";

/** What --data and the flags around it mean. Throws LeakageError for flags that do not fit. */
function chosen({ data, dataPath, size, resize }: DataFlags): Chosen {
  const [kind = ""] = data.split(":");
  const listed = kinds.includes(kind) && (kind !== folder || dataPath !== undefined);
  const path = listed ? dataPath : requireFolder(data, kind, dataPath);
  const set = datasets.parse(listed ? data : folder);
  if (path !== undefined && datasets.build(set).reads === "nothing")
    throw new LeakageError("spec", `--data-path is for a data set that is read from files, and --data is ${data}.`);
  const stated = Object.entries({ size: size && extents(size, "--size", 2), resize }).filter(([, value]) => value !== undefined);
  for (const [name] of stated) {
    if (!(name in set))
      throw new LeakageError("spec", `--${name} does not fit --data ${data}, which has no parameter ${name}; a folder of pictures has.`);
    if (listed && data !== kind) throw new LeakageError("spec", `--${name} does not fit --data ${data}: state ${name} there.`);
  }
  return { set: datasets.parse({ ...set, ...Object.fromEntries(stated) }), ...(path === undefined ? {} : { path }) };
}

/** Refuses what is probably no folder, but a mistyped data set, and a second path. */
function requireFolder(data: string, kind: string, dataPath: string | undefined): string {
  if (!existsSync(data)) {
    if (kind === folder)
      throw new LeakageError("spec", `--data ${data} needs --data-path with the folder's path; or give that path as --data itself.`);
    const meant = nearest(kind, kinds);
    if (meant) throw new LeakageError("spec", `--data ${data} is no folder and no data set; did you mean ${meant}?`);
  }
  if (dataPath !== undefined)
    throw new LeakageError("spec", `--data-path is for a data set of the catalogue, and --data ${data} is a folder's path already.`);
  return data;
}

/** Opens pictures. Throws LeakageError for data that is missing, damaged, or chosen by flags that do not fit. */
export async function openData(flags: DataFlags): Promise<OpenedData> {
  const { dataset, publicSet } = await openExamples(flags);
  if (isPictures(dataset) && (publicSet === undefined || isPictures(publicSet))) return { dataset, ...(publicSet ? { publicSet } : {}) };
  throw new LeakageError("spec", `--data ${flags.data} is a set of vectors, and this command takes pictures; gradleak audit takes both.`);
}

/** Opens pictures or vectors. */
export async function openExamples(flags: DataFlags): Promise<OpenedData<readonly number[]>> {
  const { set, path } = chosen(flags);
  const open = (split: Split) => openDataset(set, split, path === undefined ? {} : { path });
  const dataset = await open(flags.split);
  return dataset.whole ? { dataset } : { dataset, publicSet: remembering(await open(otherSplit(flags.split)), mostPublic) };
}

/** How a spec records the data: the set, and of a folder the hashes of the images that are used and of the public ones. */
export function dataSpec(flags: DataFlags, { dataset, publicSet }: OpenedData<readonly number[]>, used: Iterable<number>) {
  const { set } = chosen(flags);
  return {
    kind: dataset.kind,
    split: flags.split,
    ...(Object.keys(set).length > 1 ? { set } : {}),
    ...(datasets.build(set).reads === "folder"
      ? {
          sha256: hashOf(dataset, used),
          ...(publicSet ? { publicSha256: hashOf(publicSet, firstOf(publicSet)) } : {}),
        }
      : {}),
  };
}

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
export const dataWords = ({ data, split, dataPath, size, resize }: DataFlags): readonly string[] => [
  "--data",
  quoted(data),
  "--split",
  split,
  ...(dataPath === undefined ? [] : ["--data-path", quoted(dataPath)]),
  ...(size === undefined ? [] : ["--size", size]),
  ...(resize === undefined ? [] : ["--resize", resize]),
];
