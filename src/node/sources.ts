import { type DataSource, type Dataset, datasets } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import type { NamedNumbers } from "../graph/index.ts";
import { format } from "../parts/index.ts";
import type { Places, Sources } from "../runs/index.ts";
import { openDataset } from "./open-dataset.ts";
import { readTensors } from "./read-tensors.ts";

/**
 * The path of a data set's files, if it reads any.
 *
 * @throws LeakageError `spec` for a folder without a path, or a path that nothing reads.
 */
function pathOf(source: DataSource, name: string, { data, dataPath }: Places): string | undefined {
  if (source.reads === "folder") {
    if (data !== undefined) return data;
    throw new LeakageError("spec", "This spec needs a folder of images; give its path with --data.");
  }
  if (data !== undefined)
    throw new LeakageError("spec", `--data ${data} contradicts the spec, whose data set is ${name}; leave --data out.`);
  if (source.reads === "nothing" && dataPath !== undefined)
    throw new LeakageError("spec", `--data-path is for a data set that is read from files, but the data set is ${name}.`);
  return dataPath;
}

/** Resolves data sets and tensors from this machine's disk. Each is read once and then kept. */
export function sourcesOnDisk(places: Places = {}): Sources {
  const opened = new Map<string, Promise<Dataset<readonly number[]>>>();
  const read = new Map<string, ReturnType<typeof readTensors>>();
  return {
    places,
    dataset: (set, split) => {
      const name = `${split} ${format(set)}`;
      const found = opened.get(name);
      if (found) return found;
      const path = pathOf(datasets.build(set), format(set), places);
      const opening = openDataset(set, split, path === undefined ? {} : { path });
      opened.set(name, opening);
      return opening;
    },
    tensors: async (what, sha256): Promise<{ readonly tensors: NamedNumbers; readonly source: string }> => {
      const source = places[what];
      if (source === undefined)
        throw new LeakageError("spec", `This spec takes ${what} from a file with the SHA-256 ${sha256}; give its path with --${what}.`);
      const reading = read.get(source) ?? readTensors(source);
      read.set(source, reading);
      const file = await reading;
      if (file.sha256 === sha256) return { tensors: file.tensors, source };
      throw new LeakageError(
        "spec",
        `--${what} ${source} is not the file of this spec: its SHA-256 is ${file.sha256}, but the spec expects ${sha256}.`,
      );
    },
  };
}
