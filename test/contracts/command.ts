import { execFile } from "node:child_process";

/** What a command did. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  /** What it wrote to stderr. */
  readonly told: string;
}

/** Runs the built command line; `npm test` builds it first. */
export function gradleak(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["dist/cli/main.js", ...words], { timeout: 60_000, maxBuffer: 2 ** 26 }, (error, out, told) => {
      resolve({ code: error ? ((error as { code?: number }).code ?? -1) : 0, out, told });
    });
  });
}

/**
 * What takes command lines from stdin and runs each as if its process had no others. Only the main
 * module is loaded anew for each, with what it does at its end.
 */
const oneAfterTheOther = `
const { resolve } = await import("node:path");
const { pathToFileURL } = await import("node:url");
let given = "";
for await (const piece of process.stdin) given += piece;
// Commander reads other arguments in a program that node evaluates.
process.execArgv = [];
const streams = [process.stdout, process.stderr];
const [answer] = streams.map((stream) => stream.write.bind(stream));
for (const stream of streams) stream.setMaxListeners(0);
const ended = [];
for (const [i, words] of JSON.parse(given).entries()) {
  const texts = ["", ""];
  streams.forEach((stream, at) => { stream.write = (text) => { texts[at] += text; return true; }; });
  process.argv = [process.execPath, "gradleak", ...words];
  await import(pathToFileURL(resolve("dist/cli/main.js")) + "?" + i);
  ended.push({ code: process.exitCode, out: texts[0], told: texts[1] });
}
process.exitCode = 0;
answer(JSON.stringify(ended));
`;

/** Runs command lines of the built program in one process, which loads most of it once. */
export function gradleaks(lines: readonly (readonly string[])[]): Promise<readonly Ended[]> {
  return new Promise((resolve, reject) => {
    const words = ["--input-type=module", "--eval", oneAfterTheOther];
    const running = execFile(process.execPath, words, { timeout: 120_000, maxBuffer: 2 ** 26 }, (error, out, told) => {
      if (error) reject(new Error(told, { cause: error }));
      else resolve(JSON.parse(out) as Ended[]);
    });
    running.stdin!.end(JSON.stringify(lines));
  });
}

/** The text of a result without its times. */
export const timeless = (text: string): string => text.replace(/"seconds": ?(\{[^}]*\}|[\d.e-]+)/g, '"seconds":0');
