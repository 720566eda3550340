import { zipSync } from "fflate";
import { LeakageError } from "../errors.ts";
import type { NamedArray, NamedArrays } from "./named-array.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { printable } from "./printable.ts";
import { readZip } from "./zip.ts";

/** Zip has no way to say "no time". Its first day keeps the bytes the same in every run. */
const noTime = "1980-01-01T00:00:00";

/**
 * Reads a NumPy .npz archive: its arrays by name (without ".npy"), in archive order.
 *
 * @throws LeakageError `file` that names the entry, for a bad archive (see `readZip`) or a bad
 * array (see `readNpy`).
 */
export function readNpz(bytes: Uint8Array, source: string): NamedArrays {
  return new Map(
    [...readZip(bytes, source)].map(([name, file]): [string, NamedArray] => {
      if (!name.endsWith(".npy"))
        throw new LeakageError("file", `${source}: an npz archive must hold only .npy files, but entry ${printable(name)} is not one`);
      return [name.slice(0, -".npy".length), readNpy(file, `${source}: entry ${printable(name)}`)];
    }),
  );
}

/** Writes arrays in order as an uncompressed .npz archive. The same arrays make the same bytes. */
export const writeNpz = (arrays: NamedArrays): Uint8Array =>
  zipSync(Object.fromEntries([...arrays].map(([name, array]) => [`${name}.npy`, writeNpy(array)])), { level: 0, mtime: noTime });
