import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

/**
 * Runs the built command line with its result in `folder`, and ends it by a signal as soon as a
 * file is there.
 */
export async function interrupted(words: readonly string[], folder: string, once: string, signal: "SIGINT" | "SIGKILL"): Promise<void> {
  const child = spawn(process.execPath, ["dist/cli/main.js", ...words, "--out", folder], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
  while (!existsSync(join(folder, once))) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill(signal);
  expect(await ended).toBe(signal);
}

/** The names of all files of a folder, sorted. */
export const filesIn = (folder: string): readonly string[] => readdirSync(folder, { recursive: true }).map(String).sort();
