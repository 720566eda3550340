#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { LeakageError } from "../errors.ts";
import { printable } from "../formats/index.ts";
import { version } from "./version.ts";

const descriptions = {
  attack: "Simulates a client on chosen images, defends, attacks and scores.",
  audit: "States the risk, with a confidence interval, of each defense against each attack.",
  invert: "Attacks a real update that came from elsewhere.",
  tune: "Chooses an attack's parameters, by equal budgets on draws that are not scored.",
} as const;

const isAttacking = (name: string | undefined): name is keyof typeof descriptions => name !== undefined && name in descriptions;

/**
 * The command line. Only the flags of the command that is asked for are made: those of the others
 * would load what they do not need.
 *
 * @param ended is told the exit code of a command that has one.
 */
async function program(words: readonly string[], ended: (code: number) => void): Promise<Command> {
  const root = new Command("gradleak")
    .description("Measures what a federated-learning update gives away.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(gradleak help COMMAND lists what is allowed)");
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
    .description("Does what any command does, from a file.");
  if (asked === "run") (await import("./options.ts")).addRunOptions(run);
  run.action(async (file: string, flags) => ended(await (await import("./run-file.ts")).runFile(file, flags)));

  root
    .command("reproduce")
    .argument("[experiment...]", "one of them, with its parameters; --help lists them")
    .allowUnknownOption()
    .helpOption(false)
    .description("Makes a figure or a table of the paper again.")
    .action(async (_words: readonly string[], _flags: object, { args }: Command) => (await import("./reproduce.ts")).reproduce(args));

  const data = root.command("data").description("Data sets that are not ours to ship.");
  data
    .command("fetch")
    .argument("<set>", "cifar10 or mnist")
    .description("Downloads a data set into the user's cache and checks it.")
    .action(async (set: string) => (await import("./data-fetch.ts")).dataFetch(set));

  root
    .command("list")
    .argument("[nouns]", "attacks, conditionals, data, defenses, experiments, losses, models or priors; all of them by default")
    .option("--json", "as one JSON object")
    .description("Lists the catalogue, with every parameter.")
    .action(async (noun: string | undefined, flags: { json?: boolean }) => (await import("./list.ts")).list(noun, flags));
  return root.addHelpText(
    "after",
    "\nExamples:\n  gradleak attack --data shapes --images 0-3 --model lenet --attack idlg\n  gradleak help audit\n  gradleak list attacks",
  );
}

/** 0 done, 1 a gate failed, 2 the input was wrong, 3 it broke. */
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
      return 2;
    }
    process.stderr.write(`${pc.red("gradleak broke:")} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 3;
  }
}

// A reader that leaves (`gradleak list | head`) ends the program as it ends any other: silently,
// with the code of a broken pipe.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
process.exitCode = await main();
