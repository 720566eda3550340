import pc from "picocolors";
import { LeakageError } from "../errors.ts";
import { fetchDataset } from "../node.ts";
import { nearest } from "../parts/index.ts";

const sets = ["cifar10", "mnist"] as const;

/** `gradleak data fetch`. */
export async function dataFetch(set: string): Promise<void> {
  const kind = sets.find((name) => name === set);
  if (kind === undefined)
    throw new LeakageError(
      "spec",
      `There is no data set ${JSON.stringify(set)} to fetch; did you mean ${nearest(set, sets) ?? "cifar10"}? There are ${sets.join(" and ")}.`,
    );
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  let told = 0;
  const { path, notice } = await fetchDataset(kind, {
    signal: stop.signal,
    onProgress: (received: number, total: number | undefined) => {
      const percent = total ? Math.floor((100 * received) / total) : 0;
      if (percent < told + 10) return;
      told = percent;
      process.stderr.write(`${kind}: ${percent} % of ${(total! / 2 ** 20).toFixed(0)} MiB\n`);
    },
  });
  process.stderr.write(`${pc.bold(kind)} is in ${path}\n${notice}\n`);
}
