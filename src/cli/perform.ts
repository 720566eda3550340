import { availableParallelism } from "node:os";
import type { Machine } from "../audit/index.ts";
import { constant } from "../graph/index.ts";
import { sourcesOnDisk } from "../node/index.ts";
import { commandLine, plan, wholeNumber } from "../runs/index.ts";
import { compile } from "../runtime/index.ts";
import type { Asked } from "./asked.ts";
import { conclude } from "./conclude.ts";
import { consoleFor } from "./console.ts";
import { ResultFolder } from "./folder.ts";
import { follow, opening } from "./follow.ts";
import { versions } from "./version.ts";

/** The flags of every command that runs something. They change no number of a result. */
export interface RunFlags {
  readonly out?: string;
  readonly threads?: string;
  readonly device?: string;
  readonly json?: boolean;
}

/**
 * The machine of a run.
 *
 * @throws LeakageError if the device does not exist or cannot be used.
 */
export async function machineOf({ threads, device = "cpu" }: RunFlags): Promise<Machine> {
  const machine = {
    threads: threads === undefined ? availableParallelism() : wholeNumber(threads, "--threads", 1, 1024),
    device,
    clock: () => performance.now() / 1000,
  };
  if (device !== "cpu") await (await compile({ one: constant(1) }, machine)).dispose();
  return machine;
}

/**
 * Runs a spec with a store in a result folder, and reports its progress and result.
 *
 * @returns the exit code, which is 1 if a gate failed and 4 if it can make no statement.
 */
export async function perform({ spec: asked, places, extras }: Asked, flags: RunFlags, source?: string): Promise<number> {
  const tell = consoleFor(flags.json === true);
  const machine = await machineOf(flags);
  const planned = await plan(asked, sourcesOnDisk(places), { machine, versions }, extras, source);
  const { spec, specHash } = planned;
  const folder = await ResultFolder.open(flags.out ?? `out/${spec.command}-${specHash.slice(0, 12)}`, specHash, spec);
  opening(tell, spec, specHash, places);
  const result = await follow(tell, planned.run(folder));
  return conclude(tell, folder, result, commandLine(spec, places));
}
