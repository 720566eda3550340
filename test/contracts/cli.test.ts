import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attacks, conditionals } from "../../src/attacks/index.ts";
import { losses } from "../../src/client/index.ts";
import { datasets, shapesSet } from "../../src/data/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { partitions, schedules } from "../../src/federated/index.ts";
import { encodePng, readSafetensors, writeNpy, writeNpz, writeSafetensors } from "../../src/formats/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { validateResult } from "../../src/runs/index.ts";
import { type Ended, gradleak, gradleaks, timeless } from "./command.ts";
import { filesIn, interrupted } from "./interrupted.ts";

const home = mkdtempSync(join(tmpdir(), "gradleak-cli-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const at = (name: string) => join(home, name);

const base = ["attack", "--data", "shapes", "--model", "lenet:variant=soteria", "--attack", "inverting-gradients:steps=12", "--seed", "3"];

/**
 * Three made-up images of two classes. Unlike `shapes`, they come without public images, which
 * take seconds to draw.
 */
const small = ["--data", at("small"), "--size", "8x8", "--model", "mlp:sizes=16"];
for (const [i, name] of ["round/0.png", "round/1.png", "square/0.png"].entries()) {
  const data = Uint8Array.from({ length: 192 }, (_, k) => (k * (i + 3) * 29) % 256);
  mkdirSync(join(at("small"), name, ".."), { recursive: true });
  writeFileSync(join(at("small"), name), encodePng({ width: 8, height: 8, channels: 3, data }));
}
describe("gradleak attack", () => {
  it("writes a valid result, its images, its update and a report; twice the same, times aside", async () => {
    const first = await gradleak(...base, "--images", "0-1", "--out", at("a"), "--save-update", "--json");
    expect(first.told).toBe("");
    expect(first.code).toBe(0);
    const events = first.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.at(-1)!.event).toBe("result");
    expect(events.filter(({ event }) => event === "image")).toHaveLength(2);
    const result = validateResult(JSON.parse(readFileSync(at("a/result.json"), "utf8")), "result.json");
    for (const { files } of result.images)
      for (const file of [files.original!, files.reconstruction, ...files.snapshots.map((s) => s.file)])
        expect(existsSync(join(at("a"), file)), file).toBe(true);
    expect(readFileSync(at("a/report.html"), "utf8")).toContain(result.specHash);
    await gradleak(...base, "--images", "0-1", "--out", at("b"));
    expect(timeless(readFileSync(at("b/result.json"), "utf8"))).toBe(timeless(readFileSync(at("a/result.json"), "utf8")));
    expect(readFileSync(at("b/reconstruction-1.png"))).toEqual(readFileSync(at("a/reconstruction-1.png")));
  });

  it("finishes what was interrupted, and refuses another spec in the same folder", async () => {
    const attack = ["attack", ...small, "--attack", "inverting-gradients:steps=12"];
    await gradleak(...attack, "--images", "0-1", "--out", at("c"));
    const whole = timeless(readFileSync(at("c/result.json"), "utf8"));
    for (const lost of ["result.json", "report.html", "chunks/1.json", "reconstruction-1.png"]) rmSync(join(at("c"), lost));
    expect((await gradleak(...attack, "--images", "0-1", "--out", at("c"))).code).toBe(0);
    expect(timeless(readFileSync(at("c/result.json"), "utf8"))).toBe(whole);
    // A chunk whose file, image or update is damaged or missing is attacked again, to the same
    // end.
    writeFileSync(at("c/chunks/0.json"), "[{");
    writeFileSync(at("c/reconstruction-1.png"), "no image");
    expect((await gradleak(...attack, "--images", "0-1", "--out", at("c"), "--save-update")).code).toBe(0);
    expect(timeless(readFileSync(at("c/result.json"), "utf8"))).toBe(whole);
    expect(existsSync(at("c/update-0.safetensors"))).toBe(true);
    const other = await gradleak(...attack, "--images", "0-2", "--out", at("c"));
    expect(other.code).toBe(2);
    expect(other.told).toContain("another spec");
  });

  it("finishes with the same result after kill -9 and after an interrupt, with nothing half-written", async () => {
    const attack = ["--attack", "inverting-gradients:steps=1500", "--images", "0-2", "--save-update"];
    const words = ["attack", ...small, ...attack];
    expect((await gradleak(...words, "--out", at("undisturbed"))).code).toBe(0);
    for (const signal of ["SIGKILL", "SIGINT"] as const) {
      const folder = at(signal);
      await interrupted(words, folder, "chunks/0.json", signal);
      expect(existsSync(join(folder, "result.json"))).toBe(false);
      const kept = readFileSync(join(folder, "chunks/0.json"));
      // Another image's chunk is not taken for the second one's.
      writeFileSync(join(folder, "chunks/1.json"), kept);
      writeFileSync(join(folder, "update-1.safetensors"), readFileSync(join(folder, "update-0.safetensors")));
      expect((await gradleak(...words, "--out", folder)).code).toBe(0);
      expect(readFileSync(join(folder, "chunks/0.json"))).toEqual(kept);
      expect(timeless(readFileSync(join(folder, "result.json"), "utf8"))).toBe(
        timeless(readFileSync(at("undisturbed/result.json"), "utf8")),
      );
      expect(filesIn(folder)).toEqual(filesIn(at("undisturbed")));
    }

    // An inversion has one part: it is begun again, or kept.
    const update = at("undisturbed/update-0.safetensors");
    const inverting = [
      "invert",
      "--model",
      "mlp:sizes=16",
      "--input-shape",
      "3x8x8",
      "--classes",
      "2",
      "--weights",
      at("undisturbed/weights.safetensors"),
      "--update",
      update,
      ...attack.slice(0, 2),
    ];
    const first = await gradleak(...inverting, "--out", at("inverted"));
    expect(first.code, first.told).toBe(0);
    const whole = readFileSync(at("inverted/result.json"), "utf8");
    await interrupted(inverting, at("killed"), "run.json", "SIGKILL");
    expect(existsSync(at("killed/result.json"))).toBe(false);
    expect((await gradleak(...inverting, "--out", at("killed"))).code).toBe(0);
    expect(timeless(readFileSync(at("killed/result.json"), "utf8"))).toBe(timeless(whole));
    expect(filesIn(at("killed"))).toEqual(filesIn(at("inverted")));
    rmSync(at("inverted/result.json"));
    expect((await gradleak(...inverting, "--out", at("inverted"))).code).toBe(0);
    expect(readFileSync(at("inverted/result.json"), "utf8")).toBe(whole);
  }, 240_000);

  it("inverts the update that it saved, to the same image", async () => {
    await gradleak(...base, "--images", "0", "--out", at("d"), "--save-update");
    const inverted = await gradleak(
      "invert",
      "--model",
      "lenet:variant=soteria",
      "--update",
      at("d/update-0.safetensors"),
      "--weights",
      at("d/weights.safetensors"),
      "--attack",
      "inverting-gradients:steps=12",
      "--labels",
      "0",
      "--truth",
      at("d/original-0.png"),
      "--seed",
      "3",
      "--out",
      at("e"),
    );
    expect(inverted.told).toContain("PSNR");
    expect(inverted.code).toBe(0);
    const report = readFileSync(at("e/report.html"), "utf8").replace(/<[^>]+>/g, "");
    for (const [term, text] of [
      ["update", "a gradient"],
      ["mode", "evaluation"],
      ["normalization", "none: the network sees pixels from 0 to 1"],
      ["loss", "cross-entropy"],
      ["batch", "one image"],
      ["label", "0, given"],
    ] as const) {
      expect(inverted.told).toMatch(new RegExp(`^  ${term} +${text}$`, "m"));
      expect(report).toContain(`Assumed ${term}${text}`);
    }
    expect(validateResult(JSON.parse(readFileSync(at("e/result.json"), "utf8")), "result.json").images[0]!.psnr).toBeGreaterThan(3);
  });
});

describe("gradleak attack of a folder", () => {
  it("gives the network as many classes as one says, and records it", async () => {
    mkdirSync(at("pictures"));
    writeFileSync(at("pictures/0.png"), encodePng({ width: 2, height: 2, channels: 1, data: Uint8Array.of(9, 99, 199, 255) }));
    const words = ["--data", at("pictures"), "--size", "2x2", "--channels", "1", "--classes", "5", "--model", "mlp:sizes=8"];
    const { code, told } = await gradleak("attack", ...words, "--attack", "exact", "--out", at("five"), "--save-update");
    expect(code, told).toBe(0);
    const { spec, images, notes } = validateResult(JSON.parse(readFileSync(at("five/result.json"), "utf8")), "result.json");
    expect(spec).toMatchObject({ data: { set: { kind: "folder", size: [2, 2], channels: 1, classes: 5 } } });
    // The gradient is not 0: division gives the image back.
    expect(images[0]!.psnr).toBeGreaterThan(60);
    expect(notes.join()).toContain("every image has label 0 of 5");
    expect(readFileSync(at("five/report.html"), "utf8")).toMatch(/--channels 1.*--classes 5/s);
    const sent = readSafetensors(readFileSync(at("five/update-0.safetensors")), "update");
    expect(sent.get("2.bias")!.shape).toEqual([5]);
  });

  it("takes the size from a flag or in the part, to the same result, and records it", async () => {
    for (const [i, name] of ["x/0.png", "y/0.png"].entries()) {
      const data = Uint8Array.from({ length: 192 }, (_, k) => (k * (i + 5) * 31) % 256);
      mkdirSync(join(at("sized"), name, ".."), { recursive: true });
      writeFileSync(join(at("sized"), name), encodePng({ width: 8, height: 8, channels: 3, data }));
    }
    const attack = ["attack", "--model", "mlp:sizes=8", "--attack", "inverting-gradients:steps=3"];
    const by = async (out: string, ...words: string[]) => {
      const { code, told } = await gradleak(...attack, ...words, "--out", at(out));
      expect(code, told).toBe(0);
      return validateResult(JSON.parse(readFileSync(at(`${out}/result.json`), "utf8")), "result.json");
    };
    const flagged = await by("by-flag", "--data", at("sized"), "--size", "8x4", "--resize", "center-area");
    const stated = await by("by-part", "--data", "folder:size=8/4", "--data-path", at("sized"));
    expect(stated.specHash).toBe(flagged.specHash);
    expect(stated.spec).toMatchObject({ data: { set: { kind: "folder", size: [8, 4], resize: "center-area" } } });
    expect((await by("by-default", "--data", at("sized"))).specHash).not.toBe(flagged.specHash);
    expect(readFileSync(at("by-flag/report.html"), "utf8")).toContain("--size 8x4");
  });
});

describe("gradleak attack with estimated running statistics", () => {
  const network = [
    "attack",
    "--data",
    "shapes",
    "--model",
    "convnet:width=1",
    "--attack",
    "gradinversion:steps=2,seeds=1",
    "--save-update",
  ];
  const sent = (folder: string) => readSafetensors(readFileSync(join(at(folder), "update-0.safetensors")), folder).get("conv0.weight")!;

  it("gives them to the client, and says so in the spec, the notes and the command that reproduces it", async () => {
    const { code, told } = await gradleak(...network, "--statistics", "64", "--out", at("estimated"));
    expect(code, told).toBe(0);
    expect(told).toContain("running statistics from 64 public images");
    const { spec, notes, specHash } = validateResult(JSON.parse(readFileSync(at("estimated/result.json"), "utf8")), "result.json");
    expect(spec!.client).toMatchObject({ weights: { kind: "initial" }, statistics: { examples: 64, batch: 32 } });
    expect(notes).toContain("The running statistics of batch normalization are from passes over 64 public images.");
    expect(readFileSync(at("estimated/report.html"), "utf8")).toContain("<span>--statistics 64</span>");
    const plain = await gradleak(...network, "--out", at("bare"));
    expect(plain.code, plain.told).toBe(0);
    const bare = validateResult(JSON.parse(readFileSync(at("bare/result.json"), "utf8")), "result.json");
    expect(bare.specHash).not.toBe(specHash);
    expect(bare.spec!.client).not.toHaveProperty("statistics");
    expect(bare.notes.join()).toContain("The weights have no running statistics of batch normalization: means of 0 and variances of 1");
    expect(sent("estimated").data).not.toEqual(sent("bare").data);
    expect((await gradleak(...network, "--statistics", "32", "--out", at("estimated"))).told).toContain("another spec");
  });
});

describe("gradleak invert of what was saved behind a mask", () => {
  const law = "mask+gaussian:sigma=0.001";
  const { mean, std } = shapesSet("test");
  const network = ["--model", "mlp:sizes=16", "--prior", "uniform", "--seed", "3"];
  const invert = (update: string, ...words: string[]) =>
    gradleak(
      "invert",
      ...network,
      "--weights",
      at("masked/weights.safetensors"),
      "--update",
      update,
      "--labels",
      "0",
      "--mean",
      mean.join(),
      "--std",
      std.join(),
      ...words,
    );

  it("makes the reconstruction again, with the mask that was published", async () => {
    const saving = ["attack", "--data", "shapes", ...network, "--defense", law, "--attack", "bayes:steps=9", "--save-update"];
    expect((await gradleak(...saving, "--out", at("masked"))).code).toBe(0);
    const inverted = await invert(
      at("masked/update-0.safetensors"),
      "--attack",
      `bayes:steps=9,conditional=(${law})`,
      "--out",
      at("unmasked"),
    );
    expect(inverted.code, inverted.told).toBe(0);
    expect(readFileSync(at("unmasked/reconstruction-0.png"))).toEqual(readFileSync(at("masked/reconstruction-0.png")));
    const [first, second] = ["masked", "unmasked"].map((name) =>
      validateResult(JSON.parse(readFileSync(at(`${name}/result.json`), "utf8")), "result.json"),
    );
    expect(second!.images[0]!.objective).toBe(first!.images[0]!.objective);
    expect(second!.notes.join()).toContain("published with its update: mask0.0.weight");

    // Without its masks, or with ones that are none, the same law is refused before anything is
    // written.
    const tensors = readSafetensors(new Uint8Array(readFileSync(at("masked/update-0.safetensors"))), "saved");
    const bare = new Map([...tensors].filter(([name]) => !name.startsWith("mask0.")));
    writeFileSync(at("bare.safetensors"), writeSafetensors(bare));
    const with16 = (shape: readonly number[], entry: number) =>
      writeSafetensors(new Map(tensors).set("mask0.0.bias", { dtype: "F32", shape, data: new Float32Array(16).fill(entry) }));
    writeFileSync(at("half.safetensors"), with16([16], 0.5));
    writeFileSync(at("flat.safetensors"), with16([4, 4], 1));
    for (const [name, sentence] of [
      ["bare", /needs the mask, and the client did not publish one as mask0\.0\.weight; assume/],
      ["half", /half\.safetensors: entry 0 of the mask mask0\.0\.bias is 0\.5/],
      ["flat", /the mask mask0\.0\.bias must have shape \[16\], as its parameter, not \[4, 4\]/],
    ] as const) {
      const refused = await invert(at(`${name}.safetensors`), "--attack", `bayes:conditional=(${law})`, "--out", at(`refused-${name}`));
      expect(refused.told).toMatch(sentence);
      expect(refused.code).toBe(2);
      expect(existsSync(at(`refused-${name}`))).toBe(false);
    }
  });
});

describe("gradleak attack behind chains", () => {
  it.each([
    ["clip:norm=1+mask+gaussian:sigma=0.001", "clip at norm 1 + mask keeping 0.5 + gaussian with sigma 0.001"],
    ["mask:published=false,keep=0.8+laplacian:scale=0.001", "mask keeping 0.8, not published + laplacian with scale 0.001"],
    ["mask", "mask keeping 0.5 + gaussian of 0.01 of the update's root mean square"],
    ["dp-sgd:multiplier=0.01", "clip of each example at norm 1 + gaussian with sigma 0.01 on the sum"],
  ])("%s is assumed by bayes as it is, and named in the result", async (defense, law) => {
    const words = ["attack", ...small, "--images", "0-1", "--lanes", "2", "--prior", "uniform"];
    const out = at(`chain ${defense.length}`);
    const { code, told } = await gradleak(...words, "--attack", "bayes:steps=5", "--defense", defense, "--out", out);
    expect(code, told).toBe(0);
    const { assumptions } = validateResult(JSON.parse(readFileSync(join(out, "result.json"), "utf8")), "result.json");
    expect(assumptions.law).toBe(law);
    expect(defenses.parse(assumptions.defense!)).toEqual(defenses.parse(defense));
  });
});

describe("gradleak list", () => {
  it("has the data sets with their parameters, types, ranges and defaults", async () => {
    const { code, out } = await gradleak("list", "data");
    expect(code).toBe(0);
    for (const kind of datasets.parts.map((part) => part.kind)) expect(out).toMatch(new RegExp(`^ {2}${kind} {2}\\S.*\\.$`, "m"));
    expect(out).toMatch(/^ {4}size = 32\/32 {2}list of integers from 1 to 4096 of length 2 {2}Height and width/m);
    expect(out).toMatch(/^ {4}dimension = 20 {2}integer from 1 to 65536 {2}/m);
    expect((await gradleak("list", "data", "--json")).out).toBe(`${JSON.stringify({ data: datasets.list() })}\n`);
  });

  it("has what attacks assume, and what clients minimize", async () => {
    const { code, out } = await gradleak("list", "--json");
    expect(code).toBe(0);
    const listed = JSON.parse(out) as Record<string, unknown>;
    const nouns = "attacks conditionals data defenses experiments losses models partitions priors schedules";
    expect(Object.keys(listed)).toEqual(nouns.split(" "));
    expect(listed).toMatchObject({ attacks: attacks.list(), conditionals: conditionals.list(), losses: losses.list() });
    expect(listed).toMatchObject({ partitions: partitions.list(), schedules: schedules.list() });
    expect((await gradleak("list", "conditionals")).out).toMatch(/^ {2}cosine {2}\S.*\.$/m);
  });

  it("ends silently when its reader leaves", async () => {
    const child = spawn(process.execPath, ["dist/cli/main.js", "list"]);
    child.stdout.destroy();
    let told = "";
    child.stderr.on("data", (text: Buffer) => {
      told += text.toString();
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(told).toBe("");
    expect(code).toBe(141);
  });
});

describe("bad input ends with exit code 2 and a sentence, and writes nothing", () => {
  writeFileSync(at("broken.safetensors"), Buffer.from([1, 2, 3]));
  writeFileSync(at("file"), "not a folder");
  const integers = { dtype: "I64", shape: [2], data: BigInt64Array.of(1n, 2n) } as const;
  writeFileSync(at("integers.npz"), writeNpz(new Map([["0.weight", integers]])));
  writeFileSync(at("one.npy"), writeNpy(integers));
  const network = models.build("convnet:width=1", {
    shape: [3, 32, 32],
    classes: 10,
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  });
  writeFileSync(
    at("whole.npz"),
    writeNpz(new Map([...initialWeights(network, [0, 1])].map(([name, tensor]) => [name, { dtype: "F32", ...tensor }]))),
  );
  for (const label of ["a", "b"]) {
    mkdirSync(at(`images/${label}`), { recursive: true });
    writeFileSync(at(`images/${label}/0.png`), encodePng({ width: 32, height: 32, channels: 3, data: new Uint8Array(3072) }));
  }
  const png = encodePng({ width: 32, height: 32, channels: 3, data: new Uint8Array(3072) });
  for (const path of ["flat/0.png", "single/only/0.png", "three/a/0.png", "three/b/0.png", "three/c/0.png"]) {
    mkdirSync(join(at(path), ".."), { recursive: true });
    writeFileSync(at(path), png);
  }
  writeFileSync(at("update.npz"), writeNpz(new Map([["a", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]])));
  const normalized = [...base, "--model", "convnet:width=1"];
  const cases: [string, string[], RegExp][] = [
    ["an unknown attack", [...base.slice(0, 6), "inverting-gradient"], /Did you mean inverting-gradients/],
    ["an unknown parameter", [...base, "--model", "lenet:varient=zhu"], /Did you mean variant/],
    ["a value out of range", [...base, "--defense", "gaussian:sigma=-1"], /sigma must be a number > 0; got -1/],
    [
      "a chain that cannot act",
      [...base, "--defense", "gaussian+gaussian:per=example"],
      /gaussian .*cannot follow gaussian with sigma 0\.1: the gradients of single examples are averaged by then/,
    ],
    [
      "a law to assume that nobody knows",
      [...base, "--prior", "uniform", "--attack", "bayes", "--defense", "gaussian+clip:norm=2"],
      /that law is not known: clip at norm 2 follows gaussian with sigma 0\.1.*State a likelihood to assume/,
    ],
    ["a mistyped conditional", [...base, "--attack", "bayes:conditional=gausian"], /no conditional "gausian"\. Did you mean gaussian/],
    ["a mistyped loss", [...base, "--loss", "cross-entropi"], /Did you mean cross-entropy/],
    [
      "a defense that does not fit the batch",
      [...base, "--images", "0-1", "--batch", "2", "--defense", "mask:per=example"],
      /per=example.*batch of 2/,
    ],
    [
      "a defense that does not fit the network",
      [...base, "--model", "convnet:width=4", "--mode", "train", "--defense", "dp-sgd"],
      /dp-sgd does not fit a network with batch normalization in train mode/,
    ],
    [
      "an assumed law that does not fit the network",
      [...base, "--model", "convnet:width=4", "--mode", "train", "--prior", "uniform", "--attack", "bayes:conditional=(dp-sgd)"],
      /dp-sgd does not fit a network with batch normalization in train mode/,
    ],
    [
      "an assumed law that needs a mask which nobody publishes",
      [...base, "--defense", "gaussian:sigma=0.1", "--prior", "uniform", "--attack", "bayes:conditional=(mask+gaussian:sigma=0.1)"],
      /mask keeping 0\.5 needs the mask, and the client did not publish one as mask0\./,
    ],
    ["a mistyped flag", [...base, "--defence", "none"], /--defense/],
    [
      "a prior over statistics that the network lacks",
      [...base, "--attack", "bayes", "--prior", "batch-norm"],
      /prior batch-norm needs a network/,
    ],
    ["statistics of a network without them", [...base, "--statistics", "64"], /--statistics 64 does not fit --model lenet.*no batch norm/],
    ["statistics of part of a pass", [...normalized, "--statistics", "40"], /--statistics 40: each pass takes 32 images/],
    ["statistics of more images than are public", [...normalized, "--statistics", "64000"], /there are only 50000 public images/],
    ["statistics of no number", [...normalized, "--statistics", "all"], /--statistics takes a whole number.*got "all"/],
    [
      "statistics beside weights that have their own",
      [...normalized, "--weights", at("whole.npz"), "--statistics", "64"],
      /--statistics does not fit --weights .*whole\.npz, which has its own running statistics/,
    ],
    [
      "statistics of a folder, which has no public images",
      [...normalized, "--data", at("images"), "--statistics", "64"],
      /--statistics 64 needs images of the other split.*this data has no other split/,
    ],
    ["an image that is not there", [...base, "--images", "10000"], /images 0 to 9999/],
    ["an image twice", [...base, "--images", "1,1"], /twice/],
    ["a folder that is not there", ["attack", "--data", at("nowhere"), ...base.slice(3)], /nowhere/],
    ["weights that are no file of tensors", [...base, "--weights", at("broken.safetensors")], /broken\.safetensors/],
    ["weights that are not there", [...base, "--weights", at("missing.npz")], /no such file/],
    ["weights that are a device", [...base, "--weights", "/dev/zero"], /is a device/],
    ["weights that are integers", [...base, "--weights", at("integers.npz")], /real numbers.*holds I64/],
    ["an array without a name", [...base, "--weights", at("one.npy")], /without a name/],
    ["a network without end", [...base, "--model", "mlp:sizes=65536/65536/65536"], /8792113162 parameters/],
    ["more threads than there can be", [...base, "--threads", "100000000"], /--threads takes a whole number from 1 to 1024/],
    [
      "a name that a terminal would obey",
      ["attack", "--data", at("\u001b[31mred"), ...base.slice(3)],
      /\/\\u\{1b\}\[31mred cannot be read/,
    ],
    ["a mistyped data set", ["attack", "--data", "cifar", ...base.slice(3)], /did you mean cifar10/],
    ["a data set in capitals", ["attack", "--data", "MNIST", ...base.slice(3)], /--data MNIST is neither a folder.*did you mean mnist/],
    ["a mistyped set of vectors", ["attack", "--data", "gausian:dimension=4", ...base.slice(3)], /did you mean gaussian/],
    [
      "a mistyped parameter of a data set",
      [...base, "--data", "gaussian:dimention=4"],
      /no parameter "dimention"\. Did you mean dimension/,
    ],
    ["vectors where images are attacked", [...base, "--data", "gaussian"], /set of vectors.*gradleak audit takes both/],
    ["a size of a set that has none", [...base, "--size", "64x64"], /--size does not fit --data shapes, which has no parameter size/],
    [
      "resizing of a set that has one size",
      [...base, "--resize", "error"],
      /--resize does not fit --data shapes, which has no parameter resize/,
    ],
    ["a size that is none", [...base, "--data", at("images"), "--size", "64"], /--size takes 2 whole numbers joined by x; got "64"/],
    [
      "a way to resize that is none",
      [...base, "--data", at("images"), "--resize", "crop"],
      /resize must be one of error, center-area; got "crop"/,
    ],
    [
      "a size in two places",
      [...base, "--data", "folder:size=8/8", "--data-path", at("images"), "--size", "9x9"],
      /state size inside --data/,
    ],
    ["a folder without its path", [...base, "--data", "folder:size=8/8"], /--data folder:size=8\/8 needs --data-path/],
    ["files for a set that reads none", [...base, "--data-path", at("images")], /--data-path is for a data set that is read from files/],
    ["two folders", [...base, "--data", at("images"), "--data-path", at("images")], /is already the path of a folder/],
    [
      "official files that are not there",
      [...base, "--data", "mnist", "--data-path", at("images")],
      /must hold the official file t10k-images.*of MNIST/,
    ],
    ["a list by an inherited name", ["list", "constructor"], /no list of "constructor"/],
    ["an output that cannot be written", [...base, "--out", at("file/below")], /cannot be written/],
    ["a device that is not there", [...base, "--device", "abacus"], /abacus.*cpu/s],
    ["a batch that does not fit", [...base, "--images", "0-2", "--batch", "2"], /multiple of 2/],
    ["a prior beside an attack that has one", [...base, "--prior", "uniform"], /--prior uniform does not fit --attack/],
    ["an attack that lacks its prior", [...base.slice(0, -2), "--attack", "bayes"], /needs a prior/],
    ["an unknown data set to fetch", ["data", "fetch", "cifar"], /did you mean cifar10/],
    ["an unknown list", ["list", "atacks"], /did you mean attacks/],
    ["a seed that is no number", [...base, "--seed", "one"], /--seed/],
    [
      "a folder without classes",
      [...base, "--data", at("flat")],
      /--data .*flat names no classes, and a client's loss needs at least two; .*--classes/,
    ],
    ["a folder with one class", [...base, "--data", at("single")], /--data .*single has one class, only, and .*--classes/],
    ["fewer classes than subfolders", [...base, "--data", at("three"), "--classes", "2"], /has 3 class subfolders: a, b, c/],
    ["two channels", [...base, "--data", at("images"), "--channels", "2"], /channels must be one of 1, 3; got 2/],
    ["a file in place of a folder", [...base, "--data", at("file")], /file is a file, and not a folder of images/],
    ["channels of a set that has its own", [...base, "--channels", "1"], /--channels does not fit --data shapes/],
    ["a size of official files", [...base, "--data", "cifar10", "--size", "64x64"], /--size does not fit --data cifar10/],
    [
      "images that are too small for the network",
      [...base, "--data", at("images"), "--size", "1x1", "--model", "cnn"],
      /The network does not fit images of shape \[3, 1, 1\]: a layer leaves nothing of \[32, 1, 1\]; take larger images/,
    ],
    [
      "vectors for a network of images",
      ["audit", "--data", "gaussian", "--delta", "1", "--model", "cnn", "--attack", "idlg", "--samples", "2"],
      /The network does not fit inputs of shape \[20\]: it takes images/,
    ],
    [
      "an inversion without weights",
      ["invert", "--model", "lenet", "--update", at("update.npz"), "--attack", "idlg", "--out", at("no weights")],
      /invert needs the weights that the client had .*--weights/,
    ],
  ];
  const folder = (place: number) => at(`bad-${place}`);
  let ended: readonly Ended[] = [];
  beforeAll(async () => {
    ended = await gradleaks(
      cases.map(([, words], place) => [...words, ...(words.includes("--out") || words[0] !== "attack" ? [] : ["--out", folder(place)])]),
    );
  }, 120_000);
  it.each(cases.map(([name, , sentence], place) => [name, sentence, place] as const))("%s", (_, sentence, place) => {
    const out = folder(place);
    const { code, told, out: printed } = ended[place]!;
    expect(told).toMatch(sentence);
    expect(code, told).toBe(2);
    expect(printed).toBe("");
    expect(existsSync(out), "nothing is written").toBe(false);
  });
});
