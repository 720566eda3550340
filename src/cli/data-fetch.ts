import pc from "picocolors";
import { fetchDataset } from "../node/index.ts";

/** Runs `gradleak data fetch`. */
export async function dataFetch(set: string): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  let told = 0;
  const { path, notice } = await fetchDataset(set, {
    signal: stop.signal,
    onProgress: (received: number, total: number | undefined) => {
      const percent = total ? Math.floor((100 * received) / total) : 0;
      if (percent < told + 10) return;
      told = percent;
      process.stderr.write(`${set}: ${percent} % of ${(total! / 2 ** 20).toFixed(0)} MiB\n`);
    },
  });
  process.stderr.write(`${pc.bold(set)} is in ${path}\n${notice}\n`);
}
