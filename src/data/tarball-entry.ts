import { LeakageError } from "../errors.ts";

/** A file of a tarball. Throws LeakageError `fetch` where it is missing. */
export function tarballEntry(tarball: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const file = tarball.get(name);
  if (!file) throw new LeakageError("fetch", `The tarball must hold ${name}, and holds ${[...tarball.keys()].join(", ")}`);
  return file;
}
