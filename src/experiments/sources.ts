import { datasets, noFiles } from "../data/index.ts";
import { type Sources, sourcesFrom } from "../runs/index.ts";
import type { ExperimentRun } from "./experiment.ts";

/** The sources of an experiment: those of its run, or data sets that are drawn. It reads no other files. */
export const sourcesOf = ({ sources }: Pick<ExperimentRun, "sources">): Sources =>
  sourcesFrom({
    open: (set, split) => sources?.dataset(set, split) ?? datasets.build(set).open(split, noFiles),
    tensorFile: async () => undefined,
  });
