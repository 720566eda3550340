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

/** The text of a result without its times. */
export const timeless = (text: string): string => text.replace(/"seconds": ?(\{[^}]*\}|[\d.e-]+)/g, '"seconds":0');
