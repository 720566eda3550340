import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { LeakageError } from "../src/errors.ts";
import { networks } from "./cases.ts";

export interface Options {
  readonly peers: boolean;
  readonly entries: boolean;
  readonly json: string | null;
  readonly networks: readonly string[];
  readonly lanes: readonly number[];
  readonly rounds: number;
  readonly threads: number;
}

const usage = `npm run bench -- [options]
  --peers            also time PyTorch (eager and compiled) and JAX, in turns with Gradleak
  --entries          also time Gradleak on gradients with a little noise, which it cannot keep as factors
  --json FILE        write all numbers
  --networks LIST    of ${networks.join(",")} (default: all)
  --lanes LIST       images that are attacked at once, each with a gradient of its own (default: 1,16)
  --rounds N         turns of every program (default: 7)
  --threads N        threads of every program (default: all processors)`;

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 4096)
    throw new LeakageError("spec", `${flag} takes a whole number from 1 to 4096; got "${text}".`);
  return value;
}

/** Reads the flags. Throws a LeakageError for one that is unknown or out of range. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const read = () =>
    parseArgs({
      args: [...args],
      options: {
        peers: { type: "boolean" },
        entries: { type: "boolean" },
        json: text,
        networks: text,
        lanes: text,
        rounds: text,
        threads: text,
      },
    }).values;
  let values: ReturnType<typeof read>;
  try {
    values = read();
  } catch (error) {
    throw new LeakageError("spec", `${(error as Error).message}\n${usage}`, { cause: error });
  }
  const chosen = values.networks?.split(",") ?? networks;
  const unknown = chosen.find((name) => !networks.includes(name));
  if (unknown !== undefined) throw new LeakageError("spec", `--networks takes ${networks.join(", ")}; got "${unknown}".`);
  return {
    peers: values.peers ?? false,
    entries: values.entries ?? false,
    json: values.json ?? null,
    networks: chosen,
    lanes: (values.lanes ?? "1,16").split(",").map((lanes) => wholeNumber(lanes, "--lanes")),
    rounds: wholeNumber(values.rounds ?? "7", "--rounds"),
    threads: wholeNumber(values.threads ?? String(availableParallelism()), "--threads"),
  };
}
