import { LeakageError } from "../errors.ts";
import { decodePng, type RasterImage } from "../formats/index.ts";
import { type ImageResult, readImages } from "./attack-result.ts";
import type { Store } from "./store.ts";

/** What an earlier run left of a chunk. */
export interface StoredChunk {
  readonly images: readonly ImageResult[];
  /** All images of the chunk, by file name. */
  readonly rasters: ReadonlyMap<string, RasterImage>;
}

/**
 * A chunk that an earlier run finished. The result is undefined if its file, one of its images or
 * one of the `others` is missing or damaged. Then the chunk is attacked again, because its draws
 * follow from the seed.
 */
export async function storedChunk(
  store: Store,
  file: string,
  indices: readonly number[],
  others: readonly string[],
): Promise<StoredChunk | undefined> {
  const stored = await store.read(file);
  const images = stored && readImages(new TextDecoder().decode(stored));
  if (images?.map(({ index }) => index).join() !== indices.join()) return undefined;
  for (const other of others) if ((await store.read(other)) === undefined) return undefined;
  const rasters = new Map<string, RasterImage>();
  for (const name of images!.flatMap(({ files }) =>
    [files.original ?? [], files.reconstruction, files.snapshots.map((one) => one.file)].flat(),
  )) {
    const png = await store.read(name);
    const raster = png && decoded(png, name);
    if (!raster) return undefined;
    rasters.set(name, raster);
  }
  return { images: images!, rasters };
}

function decoded(png: Uint8Array, name: string): RasterImage | undefined {
  try {
    return decodePng(png, name);
  } catch (error) {
    if (error instanceof LeakageError) return undefined;
    throw error;
  }
}
