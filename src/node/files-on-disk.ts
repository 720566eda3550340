import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type DataFile,
  type DataFiles,
  type ImageFile,
  type ImageFolder,
  isImageName,
  type OfficialFiles,
  pathsOf,
} from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { defaultCache } from "./cache.ts";
import { bytesAt, codeOf } from "./read-file.ts";
import { sha256 } from "./sha256.ts";

/** Where the files of a data set are on the disk. */
export interface DataPlace {
  /** The folder of images, or the folder with the official files, to read instead of the cache. */
  readonly path?: string;
  /** The folder of fetched data sets; the user's cache folder on this system by default. */
  readonly cacheDir?: string;
}

/**
 * Gives data sets access to files on this machine's disk. Files from the cache are checked against
 * their known checksums when they are read.
 */
export const filesOnDisk = ({ path, cacheDir = defaultCache() }: DataPlace = {}): DataFiles => ({
  official: (files, name) => (path === undefined ? cachedFile(files, name, cacheDir) : fileIn(path, files, name)),
  folder: async () => {
    if (path === undefined) throw new LeakageError("spec", "A folder of images needs its path.");
    return imageFolder(path);
  },
});

/** An official file in the cache. */
async function cachedFile({ kind, title, package: pack }: OfficialFiles, name: string, cacheDir: string): Promise<DataFile> {
  if (!pack) throw new LeakageError("file", `${name} of ${title} cannot be fetched; give the folder that has it with --data-path.`);
  const source = join(cacheDir, kind, name);
  if (!(await isFile(source)))
    throw new LeakageError("file", `${name} is not in the cache ${join(cacheDir, kind)}; run: gradleak data fetch ${kind}`);
  return {
    source,
    read: () => {
      const bytes = bytesAt(source);
      if (sha256(bytes) === pack.files[name]) return bytes;
      throw new LeakageError("file", `${source} is damaged: its checksum is wrong. To replace it, run: gradleak data fetch ${kind}`);
    },
  };
}

/**
 * An official file in the user's folder; see `pathsOf`.
 *
 * @throws LeakageError `file` if it is not there. The error says so if the same data lie there as
 * pickles of Python, and which line converts them.
 */
async function fileIn(path: string, files: OfficialFiles, name: string): Promise<DataFile> {
  if (await isFile(path)) throw new LeakageError("file", `${path} is a file; --data-path takes the folder that has ${name}.`);
  for (const place of pathsOf(files, name)) {
    const source = join(path, place);
    if (await isFile(source)) return { source, read: () => bytesAt(source) };
  }
  const missing = `${path} must hold the official file ${name} of ${files.title}`;
  for (const folder of files.pickles ? [join(path, files.pickles.folder), path] : [])
    if (await isFile(join(folder, files.pickles!.file)))
      throw new LeakageError(
        "file",
        `${missing}, but ${folder} has pickles of Python, which are never read, because they are programs. This line writes the official files beside them; then give --data-path ${folder}:\n${files.pickles!.convert(folder)}`,
      );
  throw new LeakageError("file", `${missing}, but does not.`);
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true;
const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isDirectory() === true;

/**
 * What is in a folder and its subfolders, without hidden files. Links to folders are followed, but
 * no folder is entered twice on one path.
 */
async function imageFolder(path: string): Promise<ImageFolder> {
  if (await isFile(path))
    throw new LeakageError("file", `${path} is a file, and not a folder of images; give the folder that has the images.`);
  const [images, folders, others]: [ImageFile[], string[], string[]] = [[], [], []];
  const enter = async (at: string, before: string, above: readonly string[]): Promise<void> => {
    const real = await realpath(at);
    if (above.includes(real)) return;
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const [source, inside] = [join(at, entry.name), `${before}${entry.name}`];
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(source)))) {
        folders.push(inside);
        await enter(source, `${inside}/`, [...above, real]);
      } else if (isImageName(entry.name)) images.push({ path: inside, source, read: () => bytesAt(source) });
      else others.push(inside);
    }
  };
  await enter(path, "", []).catch((cause: unknown) => {
    throw new LeakageError("file", `${path} cannot be read as a folder of images (${codeOf(cause)}).`, { cause });
  });
  return { source: path, images, folders, others };
}
