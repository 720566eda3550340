#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { LeakageError } from "../errors.ts";
import { printable } from "../formats/index.ts";
import { version } from "./version.ts";

const descriptions = {
  attack: "Simulates a client on chosen images, attacks its updates and scores the reconstructions.",
  audit: "Estimates the risk of each defense against each attack, with confidence intervals.",
  invert: "Attacks a real update from a file.",
  train: "Trains a network among clients under a defense, and audits what they send on the way.",
  tune: "Chooses an attack's parameters on draws that are not scored.",
} as const;

const isAttacking = (name: string | undefined): name is keyof typeof descriptions => name !== undefined && name in descriptions;

/**
 * The command line. It builds only the flags of the requested command, because those of the others
 * would load code that is not needed.
 *
 * @param ended receives the exit code of a command that has one.
 */
async function program(words: readonly string[], ended: (code: number) => void): Promise<Command> {
  const root = new Command("gradleak")
    .description("Measures what a federated-learning update gives away.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(gradleak help COMMAND lists the options)");
  const asked = words.filter((word) => !word.startsWith("-")).find((word) => word !== "help");
  for (const [name, description] of Object.entries(descriptions)) {
    const command = root.command(name).description(description);
    if (!isAttacking(asked) || asked !== name) continue;
    (await import("./options.ts")).addOptions(command, asked);
    command.action(async (flags) => {
      const { askedBy } = await import("./asked.ts");
      const { perform } = await import("./perform.ts");
      ended(await perform(await askedBy(asked, flags), flags));
    });
  }

  const run = root
    .command("run")
    .argument("<file>", "a spec in JSON or YAML, or the result.json of a run")
    .description("Runs a spec, or the spec of a result, from a file.")
    .showHelpAfterError("(a spec states everything except where files lie; gradleak help run lists the flags)");
  if (asked === "run") (await import("./options.ts")).addRunOptions(run);
  run.action(async (file: string, flags) => ended(await (await import("./run-file.ts")).runFile(file, flags)));

  root
    .command("reproduce")
    .argument("[experiment...]", "an experiment and its parameters; --help lists them")
    .allowUnknownOption()
    .helpOption(false)
    .description("Reproduces a figure or a table of the paper.")
    .action(async (_words: readonly string[], _flags: object, { args }: Command) => (await import("./reproduce.ts")).reproduce(args));

  const data = root.command("data").description("Manages data sets that do not ship with this program.");
  data
    .command("fetch")
    .argument("<set>", "cifar10 or mnist")
    .description("Downloads a data set into the user's cache and checks it.")
    .action(async (set: string) => (await import("./data-fetch.ts")).dataFetch(set));

  root
    .command("list")
    .argument(
      "[nouns]",
      "attacks, conditionals, data, defenses, experiments, losses, models, partitions, priors or schedules; all by default",
    )
    .option("--json", "prints one JSON object")
    .description("Lists the catalogue, with every parameter.")
    .action(async (noun: string | undefined, flags: { json?: boolean }) => (await import("./list.ts")).list(noun, flags));
  return root.addHelpText(
    "after",
    "\nExamples:\n  gradleak attack --data shapes --images 0-3 --model lenet --attack idlg\n  gradleak help audit\n  gradleak list attacks",
  );
}

/**
 * Runs the command line. The exit code is 0 if it is done, 1 if a gate failed, 2 if the input was
 * wrong, 3 if the program broke or a training diverged, and 4 if a gate can make no statement.
 */
async function main(): Promise<number> {
  let code = 0;
  try {
    const words = process.argv.slice(2);
    const root = await program(words, (ended) => {
      code = ended;
    });
    await root.parseAsync();
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof LeakageError) {
      process.stderr.write(`${pc.red("error")} ${error.message.split("\n").map(printable).join("\n")}\n`);
      return error.code === "diverged" ? 3 : 2;
    }
    process.stderr.write(`${pc.red("gradleak broke:")} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 3;
  }
}

// If a reader leaves (`gradleak list | head`), the program ends silently with the code of a broken
// pipe, as other programs do.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
process.exitCode = await main();
