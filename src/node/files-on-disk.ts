import { readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { type DataFile, type DataFiles, isPictureName, type OfficialFiles, type PictureFolder } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { defaultCache } from "./cache.ts";
import { jpegFromDisk } from "./jpeg.ts";
import { bytesAt, codeOf } from "./read-file.ts";
import { sha256 } from "./sha256.ts";

/** Where on the disk a data set's files lie. */
export interface DataPlace {
  /** The folder of pictures, or the folder with the official files, in place of the cache. */
  readonly path?: string;
  /** Where fetched data sets are kept: the user's cache folder of this system by default. */
  readonly cacheDir?: string;
}

/**
 * The files of data sets on this machine's disk. Files from the cache are checked against their
 * known checksums when they are read.
 */
export const filesOnDisk = ({ path, cacheDir = defaultCache() }: DataPlace = {}): DataFiles => ({
  official: (files, name) => (path === undefined ? cachedFile(files, name, cacheDir) : fileIn(path, files, name)),
  folder: async () => {
    if (path === undefined) throw new LeakageError("spec", "A folder of pictures needs its path.");
    return pictureFolder(path);
  },
  jpeg: async () => jpegFromDisk(),
});

/** An official file that was fetched. */
async function cachedFile({ kind, title, package: pack }: OfficialFiles, name: string, cacheDir: string): Promise<DataFile> {
  if (!pack) throw new LeakageError("file", `${name} of ${title} cannot be fetched; give the path of the folder that holds it.`);
  const source = join(cacheDir, kind, name);
  if (!(await isFile(source)))
    throw new LeakageError("file", `${name} is not in the cache ${join(cacheDir, kind)}; run: gradleak data fetch ${kind}`);
  return {
    source,
    read: () => {
      const bytes = bytesAt(source);
      if (sha256(bytes) === pack.files[name]) return bytes;
      throw new LeakageError("file", `${source} is damaged: its checksum is wrong. Replace it by: gradleak data fetch ${kind}`);
    },
  };
}

/**
 * An official file in a folder of the user's: plain, gzipped, or in the folder that the archive
 * makes.
 */
async function fileIn(path: string, { title, folder }: OfficialFiles, name: string): Promise<DataFile> {
  for (const place of [name, `${name}.gz`, ...(folder === undefined ? [] : [join(folder, name)])]) {
    const source = join(path, place);
    if (await isFile(source)) return { source, read: () => bytesAt(source) };
  }
  throw new LeakageError("file", `${path} must hold the official file ${name} of ${title}, and does not.`);
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true;

/** The pictures of a folder and of its subfolders, hidden ones left out. */
async function pictureFolder(path: string): Promise<PictureFolder> {
  const names = await readdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new LeakageError("file", `${path} cannot be read as a folder of pictures (${codeOf(cause)}).`, { cause });
  });
  const pictures = names
    .filter((name) => isPictureName(name) && !name.split(sep).some((part) => part.startsWith(".")))
    .map((name) => ({ path: name.split(sep).join("/"), source: join(path, name), read: () => bytesAt(join(path, name)) }));
  return { source: path, pictures };
}
