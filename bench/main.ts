import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { LeakageError } from "../src/errors.ts";
import { type Case, cases, nameOf, trainingBatch } from "./cases.ts";
import { type Failure, measure, type Row } from "./measure.ts";
import { type Options, readOptions } from "./options.ts";
import { writeProblem } from "./problem.ts";
import { type Command, type Program, type ProgramName, startProgram } from "./program.ts";
import { findPython } from "./python.ts";
import { ratios, table } from "./table.ts";

/** Draws that are timed at once: an image's in each of about 300 lanes. */
const drawCount = 1_000_000;
const turn = 700;
const pause = 250;

const folder = join(dirname(createRequire(import.meta.url).resolve("gradleak/package.json")), "bench");

/** How each program is started; `scratch` is where it may leave files. */
function commands({ threads, entries }: Options, python: string | null, scratch: string): ReadonlyMap<ProgramName, Command> {
  const own = { file: process.execPath, args: [join(import.meta.dirname, "gradleak.js")] };
  const all = new Map<ProgramName, Command>([["gradleak", own]]);
  if (entries) all.set("gradleak-entries", own);
  if (!python) return all;
  const limited = { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
  const torch = { file: python, args: [join(folder, "peers", "torch_peer.py")] };
  return all
    .set("torch-eager", { ...torch, env: limited })
    .set("torch-compile", { ...torch, env: { ...limited, TORCHINDUCTOR_CACHE_DIR: join(scratch, "inductor") } })
    .set("jax-jit", { file: python, args: [join(folder, "peers", "jax_peer.py"), String(threads)] });
}

/** The programs that can take a case's step: those of training are Gradleak's and eager PyTorch's. */
const able = (all: ReadonlyMap<ProgramName, Command>, { trains }: Case): ReadonlyMap<ProgramName, Command> =>
  trains ? new Map([...all].filter(([name]) => name === "gradleak" || name === "torch-eager")) : all;

async function withPrograms<T>(all: ReadonlyMap<ProgramName, Command>, work: (programs: readonly Program[]) => Promise<T>): Promise<T> {
  const programs = [...all].map(([name, command]) => startProgram(name, command));
  try {
    return await work(programs);
  } finally {
    await Promise.all(programs.map((program) => program.close()));
  }
}

/** Milliseconds to fill an array with draws, by program and distribution. */
async function timeDraws(all: ReadonlyMap<ProgramName, Command>): Promise<Record<string, Readonly<Record<string, number>>>> {
  const relevant = new Map([...all].filter(([name]) => name !== "torch-compile" && name !== "gradleak-entries"));
  return withPrograms(relevant, async (programs) => {
    const times: Record<string, Readonly<Record<string, number>>> = {};
    for (const program of programs) times[program.name] = await program.draws(drawCount);
    return times;
  });
}

async function bench(options: Options): Promise<void> {
  const { json, threads, rounds } = options;
  if (json) checkWritable(json);
  const found = options.peers ? findPython(folder) : null;
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    processors: cpus().length,
    node: process.version,
    load: loadavg()[0]!,
    peers: found?.versions ?? null,
  };
  console.log(
    `${machine.cpu}, ${machine.processors} processors, ${threads} threads, Node ${machine.node}${found ? `, ${found.versions}` : ""}\n`,
  );
  if (machine.load > 0.5) console.error(`The machine is busy (load ${machine.load.toFixed(1)}): these numbers will say little.\n`);
  const scratch = mkdtempSync(join(tmpdir(), "gradleak-bench-"));
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)
    process.once(signal, () => {
      rmSync(scratch, { recursive: true, force: true });
      process.exit(code);
    });
  const rows: Row[] = [];
  const failures: Failure[] = [];
  try {
    for (const one of cases.filter((each) => options.networks.includes(nameOf(each))))
      for (const lanes of one.trains ? [trainingBatch] : options.lanes) {
        const problem = mkdtempSync(join(scratch, "problem-"));
        await writeProblem(problem, one, lanes);
        const measured = await withPrograms(able(commands(options, found?.python ?? null, problem), one), (programs) =>
          measure(programs, one, problem, { lanes, threads, rounds, turn, pause }),
        );
        rmSync(problem, { recursive: true });
        rows.push(...measured.rows.map((row) => ({ ...row, ...ratioFields(row, measured.rows) })));
        failures.push(...measured.failures);
        console.log(table(measured.rows, measured.failures));
      }
    const draws = await timeDraws(commands(options, found?.python ?? null, scratch));
    console.log(`Filling ${drawCount} draws, ms`);
    for (const [name, times] of Object.entries(draws))
      console.log(
        `  ${name.padEnd(12)} ${Object.entries(times)
          .map(([kind, ms]) => `${kind} ${ms.toFixed(1)}`)
          .join(", ")}`,
      );
    if (json)
      writeFileSync(
        json,
        `${JSON.stringify({ machine, threads, rounds, rows, failures, draws: { count: drawCount, ms: draws } }, null, 2)}\n`,
      );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** On Gradleak's rows: its time divided by the peers'. */
function ratioFields(row: Row, all: readonly Row[]): { readonly toFastestPeer?: number; readonly toEager?: number } {
  const found = row.program === "gradleak" ? ratios(all) : null;
  return found ? { toFastestPeer: found.toFastest, ...(found.toEager === null ? {} : { toEager: found.toEager }) } : {};
}

function checkWritable(file: string): void {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    throw new LeakageError("output", `--json ${file} cannot be written: its folder is missing or read-only.`, { cause: error });
  }
}

try {
  await bench(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof LeakageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
