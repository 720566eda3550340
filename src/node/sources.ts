import { type DataSource, datasets } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { format } from "../parts/index.ts";
import { type Places, type Sources, sourcesFrom } from "../runs/index.ts";
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

/**
 * Resolves data sets and tensors from this machine's disk.
 *
 * @param places paths of the files, as the flags state them.
 */
export const sourcesOnDisk = (places: Places = {}): Sources =>
  sourcesFrom({
    places,
    open: (set, split) => {
      const path = pathOf(datasets.build(set), format(set), places);
      return openDataset(set, split, path === undefined ? {} : { path });
    },
    tensorFile: async (what) => {
      const source = places[what];
      return source === undefined ? undefined : { ...(await readTensors(source, what === "partition")), source };
    },
  });
