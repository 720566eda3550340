#!/usr/bin/env node
import { Command, CommanderError, Option } from "commander";
import pc from "picocolors";
import { type Split, splits } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { printable } from "../formats/index.ts";
import { version } from "./version.ts";

/** Flags of a client and of what is done with its updates, which every attacking command has. */
const clientFlags = (command: Command, attack: (command: Command) => Command): Command =>
  attack(
    command
      .requiredOption("--model <part>", "the network, e.g. convbig or mlp:sizes=1024/1024 (gradleak list models)")
      .option("--weights <file>", "its weights, safetensors or npz; without it they are drawn from the seed")
      .addOption(new Option("--mode <mode>", "how the client runs batch normalization").choices(["train", "eval"]).default("eval"))
      .option("--batch <n>", "images in one update", "1"),
  )
    .option("--prior <part>", "what the attacker takes for p(image), for an attack that leaves it open (gradleak list priors)")
    .option("--delta <distance>", "an image counts as recovered within this distance (default: 0.1·√d, an RMSE of 0.1 a pixel)")
    .addOption(new Option("--delta-space <space>", "where that distance is measured").choices(["pixel", "model"]).default("pixel"))
    .option("--seed <n>", "all randomness follows from it", "0")
    .option("--out <folder>", "where the result goes (default: out/<command>-<hash of the spec>)")
    .option("--threads <n>", "threads of the runtime (default: the number of cores)")
    .option("--device <name>", "where it runs: cpu, or another device of the installed ONNX Runtime", "cpu")
    .option("--json", "one JSON object a line on stdout; the last has the result");

/** Flags of a command with one attack. */
const attackFlags = (command: Command): Command =>
  clientFlags(command, (client) =>
    client
      .option("--attack <part>", "the attack, e.g. inverting-gradients:steps=1000,tv=1e-4 (gradleak list attacks)")
      .option("--tuned <file>", "the attack that gradleak tune wrote, in place of --attack"),
  );

/** Flags that choose private images, of the other part of the data set where they are not to be scored. */
const dataFlags = (command: Command, split: Split = "test"): Command =>
  command
    .requiredOption(
      "--data <set>",
      "a data set, e.g. shapes, which ships with this program (gradleak list data), or a folder of PNG and JPEG pictures",
    )
    .addOption(new Option("--split <split>", "part of the data set").choices(splits).default(split))
    .option("--data-path <folder>", "the folder with the data set's official files, instead of the fetched ones")
    .option("--size <h>x<w>", "size that a folder's pictures are brought to (default: 32x32)")
    .option("--resize <how>", "what happens to a folder's pictures of another size: error or center-area (default: center-area)")
    .option(
      "--statistics <n>",
      `running statistics of batch normalization from n images of ${split === "test" ? "the other" : "this"} split, where the weights have none`,
    );

const policies = ["known", "recovered", "joint"] as const;

/** @param failed is called where a gate failed. */
function program(failed: () => void): Command {
  const root = new Command("gradleak")
    .description("Measure what a federated-learning update gives away.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(gradleak help COMMAND lists what is allowed)");

  attackFlags(
    dataFlags(root.command("attack").description("Simulate a client on chosen images, defend, attack, score."))
      .option("--images <list>", "places in the data set, e.g. 0-7 or 0,3,5", "0")
      .option("--defense <part>", "what the client does to its update (gradleak list defenses)", "none")
      .addOption(
        new Option("--labels <policy>", "given, read off the update, or looked for with the images (default: the attack's own)").choices(
          policies,
        ),
      )
      .option("--lanes <n>", "updates attacked together by one program", "1")
      .option(
        "--save-update",
        "also write what the server saw, as update-<index>.safetensors: the update, and masks that were published beside it",
      ),
  ).action(async (flags) => (await import("./attack.ts")).attack(flags));

  attackFlags(
    root
      .command("invert")
      .description("Attack a real update that came from elsewhere.")
      .requiredOption(
        "--update <file>",
        "gradients by parameter name, safetensors or npz; published masks beside them as mask<place>.<parameter>",
      )
      .option("--classes <n>", "classes of the network", "10")
      .option("--input-shape <c>x<h>x<w>", "shape of one image", "3x32x32")
      .option("--mean <list>", "per channel, in [0, 1]: the network sees (pixel − mean)/std (default: 0)")
      .option("--std <list>", "per channel (default: 1)")
      .option("--labels <list>", "classes of the images, e.g. 3 or 3,5; or recovered, or joint (default: recovered for one image)")
      .option("--truth <files...>", "the original images, only to score the result"),
  ).action(async (flags) => (await import("./invert.ts")).invert(flags));

  clientFlags(
    dataFlags(
      root.command("audit").description("Risk, with confidence interval, of each defense against each attack, on images drawn at random."),
    ),
    (command) =>
      command
        .option("--attack <part...>", "the attacks, each on the same draws (gradleak list attacks)")
        .option("--tuned <file...>", "attacks that gradleak tune wrote, beside or in place of --attack")
        .option("--defense <part...>", "what the client does to its update, one or several (gradleak list defenses)", ["none"])
        .requiredOption("--samples <n>", "updates that are drawn"),
  )
    .addOption(
      new Option("--labels <policy>", "given, read off the update, or looked for with the images").choices(policies).default("known"),
    )
    .option("--chunk <n>", "draws that are finished, and written, together", "16")
    .option("--lanes <n>", "draws attacked together by one program", "16")
    .option(
      "--vary <values...>",
      "tune first: a parameter of the attacks and the values that are tried, e.g. rate=0.05/0.1 or prior.weight=1/10",
    )
    .option("--tuning-samples <n>", "with --vary: updates that each candidate is tried on, of images of the other split (default: 16)")
    .option("--budget <n>", "with --vary: candidates an attack at most, the same number for each (default: 32)")
    .addOption(
      new Option(
        "--by <criterion>",
        "with --vary: what is made least, the mean distance from the images drawn (default) or the attacker's own objective",
      ).choices(["distance", "objective"]),
    )
    .option("--fail-if <gate>", 'exit code 1 if this holds for a defense, e.g. "recovered > 0.05"')
    .action(async (flags) => {
      if (await (await import("./audit.ts")).audit(flags)) failed();
    });

  clientFlags(
    dataFlags(root.command("tune").description("Choose an attack's parameters, by equal budgets on draws that are not scored."), "train"),
    (command) =>
      command
        .requiredOption("--attack <part>", "the attack; all candidates take its steps")
        .requiredOption("--vary <values...>", "a parameter and the values that are tried, e.g. rate=0.05/0.1 or prior.weight=1/10")
        .option("--defense <part>", "what the client does to its update (gradleak list defenses)", "none")
        .option("--samples <n>", "updates that are drawn", "16"),
  )
    .option("--budget <n>", "candidates that are tried at most: more combinations are drawn from at random", "32")
    .addOption(
      new Option("--by <criterion>", "what is least: the mean distance from the images drawn, or the attacker's own objective")
        .choices(["distance", "objective"])
        .default("distance"),
    )
    .addOption(
      new Option("--labels <policy>", "given, read off the update, or looked for with the images").choices(policies).default("known"),
    )
    .option("--chunk <n>", "draws that are finished, and written, together", "16")
    .option("--lanes <n>", "draws attacked together by one program", "16")
    .action(async (flags) => (await import("./tune.ts")).tune(flags));

  const data = root.command("data").description("Data sets that are not ours to ship.");
  data
    .command("fetch")
    .argument("<set>", "a data set that is published, e.g. cifar10")
    .description("Download a data set into the user's cache and check it.")
    .action(async (set: string) => (await import("./data-fetch.ts")).dataFetch(set));

  root
    .command("reproduce")
    .argument("[experiment...]", "one of them, with its parameters; --help lists them")
    .allowUnknownOption()
    .helpOption(false)
    .description("Make a figure or a table of the paper again.")
    .action(async (_words: readonly string[], _flags: object, { args }: Command) => (await import("./reproduce.ts")).reproduce(args));

  root
    .command("list")
    .argument("[nouns]", "attacks, defenses, experiments, models, priors or data; all of them by default")
    .option("--json", "as one JSON object")
    .description("The catalogue, with every parameter.")
    .action(async (noun: string | undefined, flags: { json?: boolean }) => (await import("./list.ts")).list(noun, flags));
  return root;
}

/** 0 done, 1 a gate failed, 2 the input was wrong, 3 it broke. */
async function main(): Promise<number> {
  let code = 0;
  try {
    await program(() => {
      code = 1;
    }).parseAsync();
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

// A reader that leaves (`gradleak list | head`) ends the program as it ends any other: silently, with the code of a broken pipe.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
process.exitCode = await main();
