import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a command of Gradleak did with its time. */
export interface Clocked {
  /** Of all its threads. */
  readonly cpuSeconds: number;
  /** Calls of ONNX Runtime, one a step of an attack, and the seconds in them. */
  readonly calls: number;
  readonly secondsInCalls: number;
  /**
   * Median time between two calls of one session: the JavaScript of a step. Null where there was
   * none.
   */
  readonly msBetweenCalls: number | null;
}

/** A command that was run, and the result that it wrote. */
export interface Ran<Result> extends Clocked {
  /** From before its process was started until it had ended. */
  readonly seconds: number;
  readonly result: Result;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/**
 * Runs the command line as it was built, in a process and a result folder of its own. Throws an
 * Error with its last words where it fails.
 *
 * @param args of the command, without its result folder.
 */
export async function runCommand<Result>(args: readonly string[]): Promise<Ran<Result>> {
  const folder = mkdtempSync(join(tmpdir(), "gradleak-bench-"));
  const clock = join(folder, "clock.json");
  try {
    // From dist-bench/bench, where this module is compiled to.
    const command = ["--import", here("./call-clock.js"), here("../../dist/cli/main.js"), ...args, "--out", join(folder, "out")];
    const began = performance.now();
    const child = spawn(process.execPath, command, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, GRADLEAK_CLOCK: clock },
    });
    let words = "";
    child.stderr.on("data", (chunk: Buffer) => {
      words = `${words}${chunk}`.slice(-2000);
    });
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    const seconds = (performance.now() - began) / 1000;
    if (code !== 0) throw new Error(`gradleak ${args[0]} ended with code ${code}:\n${words}`);
    return {
      ...(JSON.parse(readFileSync(clock, "utf8")) as Clocked),
      seconds,
      result: JSON.parse(readFileSync(join(folder, "out", "result.json"), "utf8")) as Result,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
