import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askedBy, type CommandFlags } from "../../src/cli/asked.ts";
import { addOptions } from "../../src/cli/options.ts";
import { encodePng, writeNpz } from "../../src/formats/index.ts";
import { sourcesOnDisk } from "../../src/node/index.ts";
import { attackSpec } from "../../src/runs/attack-spec.ts";
import { auditSpec, commandLine, flagsOf, invertSpec, parseSpec, plan, type Spec } from "../../src/runs/index.ts";
import { prepareAttack, prepareAudit, prepareInvert, prepareTune } from "../../src/runs/prepare.ts";
import { prepareTrain } from "../../src/runs/prepare-train.ts";
import { memoryStore, readText } from "../../src/runs/store.ts";
import { trainSpec } from "../../src/runs/train-spec.ts";
import { tuneSpec } from "../../src/runs/tuning.ts";
import { finish } from "../../src/scenario/index.ts";

const home = mkdtempSync(join(tmpdir(), "gradleak command line's "));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const at = (name: string) => join(home, name);

/** The words of a command line, as a shell takes them. */
const shell = (line: string): string[] =>
  [...line.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) => word.replace(/'([^']*)'|\\'/g, (whole, text) => text ?? whole.slice(1)));

/** What a command line asks for, complete, and where it says that things lie. */
async function read([name, ...words]: readonly string[]) {
  const command = name as Spec["command"];
  const parser = addOptions(new Command(command).exitOverride().configureOutput({ writeErr: () => {} }), command);
  const { spec: asked, places } = await askedBy(command, parser.parse(words, { from: "user" }).opts<CommandFlags>());
  const sources = sourcesOnDisk(places);
  const spec = {
    attack: async () => (await prepareAttack(parseSpec(attackSpec, asked), sources)).spec,
    audit: async () => (await prepareAudit(parseSpec(auditSpec, asked), sources)).spec,
    invert: async () => prepareInvert(parseSpec(invertSpec, asked)),
    train: async () => (await prepareTrain(parseSpec(trainSpec, asked), sources)).spec,
    tune: async () => (await prepareTune(parseSpec(tuneSpec, asked), sources)).spec,
  }[command]();
  return { spec: (await spec) as Spec, places };
}

const vectors = ["--data", "gaussian:dimension=4,classes=3", "--model", "mlp:sizes=6,activation=sigmoid", "--delta", "1.5"];

beforeAll(async () => {
  for (const label of ["a", "b"]) {
    mkdirSync(at(`photos/${label}`), { recursive: true });
    const data = Uint8Array.from({ length: 192 }, (_, k) => (k * (label === "a" ? 5 : 7)) % 256);
    writeFileSync(at(`photos/${label}/0.png`), encodePng({ width: 8, height: 8, channels: 3, data }));
  }
  const parts = { dtype: "I32", shape: [60], data: new Int32Array(60) } as const;
  writeFileSync(at("parts.npz"), writeNpz(new Map([["clients", parts]])));
  writeFileSync(at("weights.npz"), writeNpz(new Map([["0.weight", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }]])));
  for (const [i, rate] of [0.2, 0.3].entries()) {
    const { spec, places } = await read(["tune", ...vectors, "--attack", "bayes:steps=2", "--vary", `rate=${rate}`, "--samples", "2"]);
    const { run } = await plan(spec, sourcesOnDisk(places), { machine: { threads: 1, clock: () => 0 }, versions: {} });
    const store = memoryStore();
    await finish(run(store));
    writeFileSync(at(`tuned-${i}.json`), (await readText(store, "tuned.json"))!);
  }
});

const lines: Readonly<Record<string, () => string[]>> = {
  "an attack with every flag": () => [
    ..."attack --data shapes --split train --images 0-3,7 --model lenet:variant=soteria --mode train --batch 5".split(" "),
    ..."--loss cross-entropy:smoothing=0.1 --statistics 64 --defense clip:norm=0.5+mask:published=false,seed=3+gaussian:sigma=0.01".split(
      " ",
    ),
    ..."--attack bayes:steps=5,conditional=(mask+gaussian),anneal=none --prior tv:weight=10,norm=squared+l2".split(" "),
    ..."--adaptive no --labels recovered --label-rule counts --delta 3.25 --delta-space model --lanes 2 --seed 7".split(" "),
  ],
  "an attack with few flags": () => ["attack", "--data", "shapes", "--model", "lenet", "--attack", "dlg"],
  "an attack behind a private defense": () =>
    "attack --data shapes --model lenet --attack dlg --defense dp-sgd --dp-delta 0.001".split(" "),
  "an audit behind a private defense": () => [
    ...["audit", ...vectors, "--attack", "bayes:steps=3", "--samples", "4", "--defense", "dp-sgd", "--dp-delta", "0.001"],
  ],
  "a training behind a private defense": () => "train --data shapes --model lenet --rounds 2 --defense dp-sgd --dp-delta 0.001".split(" "),
  "an attack on a folder, with weights": () => [
    ..."attack --size 8x4 --resize center-area --images 1 --model mlp --attack idlg --data".split(" "),
    at("photos"),
    "--weights",
    at("weights.npz"),
  ],
  "an attack on a gray folder with more classes than subfolders": () => [
    ..."attack --channels 1 --classes 7 --model mlp --attack idlg --data".split(" "),
    at("photos"),
  ],
  "an audit with every flag": () => [
    ...["audit", ...vectors, "--defense", "none", "dp-sgd:multiplier=0.5", "--defense", "laplacian"],
    ..."--attack bayes:steps=3 bayes:steps=3,conditional=cosine --prior gaussian:sigma=2 --batch 2 --split train --mode eval --loss squared-error --statistics 64".split(
      " ",
    ),
    ..."--labels joint --delta-space model --samples 100 --lanes 3 --chunk 9 --confidence 0.9 --seed 5".split(" "),
    ..."--vary rate=0.05/0.1 anneal=none/0.1 --tuning-samples 8 --budget 4 --by distance".split(" "),
    ...["--fail-if", "recovered.upper > 0.5", "--accept-failed", "yes", "--control", "no", "--adaptive", "yes"],
  ],
  "an audit with few flags": () => ["audit", ...vectors, "--attack", "bayes:steps=3", "--samples", "4"],
  "an audit that reads labels by a rule": () => [
    ...["audit", ...vectors, "--attack", "bayes:steps=3", "--samples", "4", "--labels", "recovered", "--label-rule", "sign"],
  ],
  "an audit of attacks that were tuned, next to one that was not": () => [
    ...["audit", ...vectors, "--samples", "4", "--attack", "idlg", "--tuned", at("tuned-0.json"), at("tuned-1.json")],
  ],
  "an inversion with every flag": () => [
    ..."invert --model mlp --batch 2 --classes 4 --input-shape 3x8x8 --mean 0.5,0.4,0.3 --std 0.2,0.25,1 --mode train".split(" "),
    ..."--loss squared-error --labels 1,3 --attack bayes:steps=2 --prior uniform --delta 2 --delta-space model --seed 3".split(" "),
    ..."--update-is difference --scale 0.05".split(" "),
    ...["--weights", at("weights.npz"), "--update", at("weights.npz"), "--truth", at("photos/a/0.png"), at("photos/b/0.png")],
  ],
  "an inversion that reads labels by a rule": () => [
    ..."invert --model mlp --input-shape 8 --batch 3 --labels recovered --label-rule distinct --delta 1 --attack idlg --update".split(" "),
    ...[at("weights.npz"), "--weights", at("weights.npz")],
  ],
  "an inversion that looks for the labels": () => [
    ..."invert --model mlp --input-shape 8 --labels joint --delta 1 --attack dlg --update".split(" "),
    ...[at("weights.npz"), "--weights", at("weights.npz")],
  ],
  "a training with every flag": () => [
    ..."train --data gaussian:dimension=4,classes=3 --model mlp:sizes=6 --mode eval --batch 4 --loss squared-error --defense clip".split(
      " ",
    ),
    ..."--examples 60 --test-examples 30 --clients 6 --clients-per-round 2 --partition dirichlet:alpha=2 --protocol fed-avg".split(" "),
    ..."--local-passes 2 --local-rate 0.3 --running-statistics keep --statistics-momentum 0.2 --optimizer sgd --seed 4".split(" "),
    ..."--rounds 20 --rate 0.05 --momentum 0.9 --nesterov yes --weight-decay 0.001 --schedule steps:at=epochs".split(" "),
    ..."--evaluate-every 5 --checkpoints every=10 --audit 0/20 --audit-batch 2 --audit-samples 5 --audit-mode train".split(" "),
    ..."--audit-of client --attack bayes:steps=2 idlg --prior gaussian:sigma=2 --labels joint --label-rule counts --delta 1".split(" "),
    ..."--delta-space model --chunk 4 --lanes 2 --confidence 0.9 --vary rate=0.05/0.1 --tuning-samples 4 --budget 2 --by distance".split(
      " ",
    ),
    ...["--block-above", "recovered.estimate > 0.5", "--accept-failed", "yes", "--control", "no"],
  ],
  "a training with few flags": () => ["train", "--data", "shapes", "--examples", "50", "--model", "lenet", "--epochs", "2"],
  "a training with a partition from a file": () => [
    ..."train --data gaussian --examples 60 --model mlp --rounds 3 --partition-file".split(" "),
    at("parts.npz"),
  ],
};

describe("the command that makes a result again", () => {
  it.each(Object.keys(lines))("says the spec and the places of %s", async (name) => {
    const words = lines[name]!();
    const first = await read(words);
    const [program, ...again] = shell(commandLine(first.spec, first.places));
    expect(program).toBe("gradleak");
    expect(again[0]).toBe(words[0]);
    expect(await read(again)).toEqual(first);
  });

  it("has every flag that stands in a spec", () => {
    for (const command of ["attack", "audit", "invert", "train"] as const) {
      const used = Object.values(lines)
        .map((line) => line())
        .filter(([name]) => name === command)
        .flat();
      // --epochs is another word for a number of --rounds, which the spec has.
      const stated = flagsOf[command].map((flag) => flag.name).filter((flag) => flag !== "--epochs");
      expect(stated.filter((flag) => !used.includes(flag))).toEqual([]);
    }
  });

  it("runs the result's own spec where flags cannot say it", async () => {
    const { spec, places } = await read(lines["an attack on a folder, with weights"]!());
    expect(shell(commandLine(spec, { data: places.data! }))).toEqual(["gradleak", "run", "result.json", "--data", at("photos")]);
    const tuning = await read(["tune", ...vectors, "--attack", "bayes:steps=2", "--vary", "rate=0.5", "--samples", "2"]);
    expect(commandLine(tuning.spec, tuning.places)).toBe("gradleak run tuned.json");
  });
});
