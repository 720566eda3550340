import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Prepared, Replies, Request, Timings } from "./protocol.ts";

/**
 * Gradleak and its peers; `gradleak-entries` is Gradleak on observed gradients that are no products
 * of thin factors.
 */
export type ProgramName = "gradleak" | "gradleak-entries" | "torch-eager" | "torch-compile" | "jax-jit";

/**
 * A process of its own that takes attack steps, so that its memory and its first step are its own.
 */
export interface Program {
  readonly name: ProgramName;
  /** Loads the problem, builds its attack and takes the first step. */
  prepare(problem: string, threads: number): Promise<Prepared>;
  /** Takes steps, one after the other. */
  run(steps: number): Promise<Timings>;
  /** Peak resident memory since the attack was built, in megabytes. */
  peakMegabytes(): Promise<number>;
  /** Milliseconds to fill an array of `count` draws, by distribution. */
  draws(count: number): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a process that speaks the protocol. Requests throw an Error with its complaint, or with
 * the end of its stderr when it dies. One that takes longer than `limit` seconds for an answer is
 * ended.
 */
export function startProgram(name: ProgramName, { file, args, env }: Command, limit = 600): Program {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    complaints.push(line);
    if (complaints.length > 8) complaints.shift();
  });
  const ended = endOf(child).then((how) => {
    throw new Error([`${name} ${how}`, ...complaints].join("\n  "));
  });
  // Whoever asks hears of it; nobody need be asking.
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async <Cmd extends Request["cmd"]>(request: Request & { readonly cmd: Cmd }): Promise<Replies[Cmd]> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const late = setTimeout(() => {
      complaints.push(`no answer to "${request.cmd}" in ${limit} s`);
      child.kill("SIGKILL");
    }, 1000 * limit);
    const answer = lines.next().then(({ value, done }) => (done ? ended : (value as string)));
    const line = await Promise.race([answer, ended]).finally(() => clearTimeout(late));
    const reply = JSON.parse(line) as Replies[Cmd] | { readonly error: string };
    if ("error" in reply) throw new Error(`${name}: ${reply.error}`);
    return reply;
  };
  child.stdin.on("error", () => {});
  return {
    name,
    prepare: (problem, threads) => ask({ cmd: "prepare", problem, program: name, threads }),
    run: (steps) => ask({ cmd: "run", steps }),
    peakMegabytes: async () => (await ask({ cmd: "memory" })).peakMB,
    draws: async (count) => (await ask({ cmd: "draws", count })).ms,
    close: async () => {
      child.stdin.end();
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended.catch(() => {});
      clearTimeout(late);
    },
  };
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.on("error", (error) => resolve(`cannot start: ${error.message}`));
    child.on("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with code ${code}`));
  });
