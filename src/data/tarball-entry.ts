import { LeakageError } from "../errors.ts";

/**
 * One file of a tarball.
 *
 * @throws LeakageError `fetch` if it is missing.
 */
export function tarballEntry(tarball: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const file = tarball.get(name);
  if (!file) throw new LeakageError("fetch", `The tarball must hold ${name}, but holds ${[...tarball.keys()].join(", ")}.`);
  return file;
}
