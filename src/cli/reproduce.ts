import { Command } from "commander";
import pc from "picocolors";
import { type ExperimentSpec, experiments, planExperiment, quick, validateExperiment } from "../experiments/index.ts";
import { sourcesOnDisk } from "../node/index.ts";
import { format, type PartSpec, type Row } from "../parts/index.ts";
import { experimentReport, experimentVerdict } from "../report/index.ts";
import { quoted, wholeNumber } from "../runs/index.ts";
import type { Tick } from "../scenario/index.ts";
import { type Console, consoleFor } from "./console.ts";
import { ResultFolder } from "./folder.ts";
import { machineOf, type RunFlags } from "./perform.ts";
import { versions } from "./version.ts";

/**
 * The flags of every experiment, as commander gives them. The others are the experiment's
 * parameters, by their names.
 */
interface ReproduceFlags extends Readonly<Record<string, unknown>> {
  readonly quick?: boolean;
  readonly seed: string;
  readonly out?: string;
  readonly threads?: string;
  readonly device?: string;
  readonly json?: boolean;
}

/** Runs `gradleak reproduce`, which has one command per experiment and one flag per parameter. */
export async function reproduce(words: readonly string[]): Promise<void> {
  const root = new Command("gradleak reproduce")
    .description("Reproduces a figure or a table of the paper.")
    .exitOverride()
    .showHelpAfterError("(gradleak reproduce EXPERIMENT --help lists what is allowed)");
  for (const { kind, doc, params } of experiments.list()) {
    const command = root.command(kind).description(doc);
    for (const parameter of params) command.option(`${flagOf(parameter.name)} <value>`, describe(parameter));
    if (quick[kind]) command.option("--quick", "a small version that takes seconds");
    command
      .option("--seed <n>", "the seed of all randomness", "0")
      .option("--out <folder>", `the folder of the result (default: out/${kind}-<hash of the spec>)`)
      .option("--threads <n>", "the number of threads (default: the number of cores)")
      .option("--device <name>", "the device that computes: cpu, or another device of the installed ONNX Runtime", "cpu")
      .option("--json", "prints one JSON object per line on stdout; the last one has the result")
      .action(async (flags: ReproduceFlags) => {
        await make(kind, params, flags);
      });
  }
  await root.parseAsync(words, { from: "user" });
}

const flagOf = (parameter: string): string => `--${parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const describe = ({ doc, type, range, default: initial }: Row["params"][number]): string =>
  `${doc} (${[type, range].filter(Boolean).join(" ")}${initial === undefined ? "" : `; default: ${initial}`})`;

/**
 * The parameters of an experiment: those that were typed, else those of --quick. Lists may also use
 * commas.
 */
function partOf(kind: string, params: Row["params"], flags: ReproduceFlags): PartSpec {
  const given = params.flatMap(({ name, type }) => {
    const text = flags[name];
    if (typeof text !== "string") return [];
    const list = type.startsWith("list");
    return [[name, list ? text.replaceAll(",", "/") : /[:,]/.test(text) ? `(${text})` : text] as const];
  });
  const texts = new Map([...Object.entries(flags.quick ? quick[kind]! : {}), ...given]);
  const values = [...texts].map(([name, text]) => `${name}=${text}`).join(",");
  return experiments.parse(values ? `${kind}:${values}` : kind);
}

function make(kind: string, params: Row["params"], flags: ReproduceFlags): Promise<number> {
  const experiment = partOf(kind, params, flags);
  return reproduceSpec({ command: "reproduce", experiment, seed: wholeNumber(flags.seed, "--seed", 0) }, flags);
}

/**
 * Runs the spec of an experiment and continues where an earlier run stopped.
 *
 * @param source the name of the spec in errors.
 * @returns the exit code.
 */
export async function reproduceSpec(asked: unknown, flags: RunFlags, source?: string): Promise<number> {
  const tell = consoleFor(flags.json === true);
  const {
    spec,
    specHash: hash,
    run,
  } = planExperiment(asked, { versions, machine: await machineOf(flags), sources: sourcesOnDisk({}) }, source);
  const { kind } = spec.experiment;
  const folder = await ResultFolder.open(flags.out ?? `out/${kind}-${hash.slice(0, 12)}`, hash, spec);
  tell.event("start", { experiment: kind, specHash: hash });
  tell.line(`${pc.bold("gradleak")} reproduces ${kind}`);
  const { result, images } = await drive(tell, kind, run(folder));
  validateExperiment(result, "the result");
  for (const [name, png] of images) await folder.write(name, png);
  await folder.write("result.json", `${JSON.stringify(result, null, 2)}\n`);
  await folder.write("report.html", experimentReport({ result, images, reproduce: commandOf(spec) }));
  const { sentence, detail } = experimentVerdict(result);
  tell.line(`\n${pc.bold(sentence)}\n${detail}`);
  tell.line(`\n${folder.at("report.html")}\n${pc.dim(`${folder.at("result.json")}  spec ${hash.slice(0, 12)}`)}`);
  tell.event("result", { ...result });
  return 0;
}

/** Runs an experiment to its end and shows its progress. */
async function drive<Made>(tell: Console, part: string, running: AsyncGenerator<Tick, Made>): Promise<Made> {
  const began = performance.now();
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    tell.progress(part, next.value, (performance.now() - began) / 1000);
  }
}

/** The command that makes a result again, with every parameter. */
function commandOf({ experiment, seed }: ExperimentSpec): string {
  const { params } = experiments.list().find(({ kind }) => kind === experiment.kind)!;
  const words = params.flatMap(({ name }) => {
    const value = experiment[name];
    if (value === undefined) return [];
    const text = format({ kind: "x", value }).slice("x:value=".length);
    return [flagOf(name), quoted(/^\(.*\)$/s.test(text) ? text.slice(1, -1) : text)];
  });
  return ["gradleak reproduce", experiment.kind, ...words, "--seed", String(seed)].join(" ");
}
