import { type DataSource, datasets } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { format } from "../parts/index.ts";
import { type Places, type Sources, sourcesFrom } from "../runs/index.ts";
import { openDataset } from "./open-dataset.ts";
import { readTensors } from "./read-tensors.ts";

/**
 * The path of a data set's files, if it reads any. @throws LeakageError `spec` for a folder that
 * nobody named, or a path that nothing reads.
 */
function pathOf(source: DataSource, name: string, { data, dataPath }: Places): string | undefined {
  if (source.reads === "folder") {
    if (data !== undefined) return data;
    throw new LeakageError("spec", "This spec is about a folder of images: say where it lies with --data.");
  }
  if (data !== undefined)
    throw new LeakageError("spec", `--data ${data} contradicts the spec, whose data set is ${name}: leave --data out.`);
  if (source.reads === "nothing" && dataPath !== undefined)
    throw new LeakageError("spec", `--data-path is for a data set that is read from files, and the data set is ${name}.`);
  return dataPath;
}

/**
 * Data sets and tensors from this machine's disk.
 *
 * @param places where they lie, as flags say it.
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
      return source === undefined ? undefined : { ...(await readTensors(source)), source };
    },
  });
