import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { auditResultSchema } from "../../src/audit/index.ts";
import { askedBy, type CommandFlags } from "../../src/cli/asked.ts";
import { perform, type RunFlags } from "../../src/cli/perform.ts";
import { type RunFileFlags, runFile } from "../../src/cli/run-file.ts";
import { LeakageError } from "../../src/errors.ts";
import { encodePng, writeNpz } from "../../src/formats/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { keyFromSeed } from "../../src/random/index.ts";
import { resultSchema, type Spec } from "../../src/runs/index.ts";
import { tunedSchema } from "../../src/runs/tuning.ts";
import { gradleak, timeless } from "./command.ts";

const home = mkdtempSync(join(tmpdir(), "gradleak-run-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const at = (name: string) => join(home, name);
const text = (name: string) => readFileSync(at(name), "utf8");
const write = (name: string, content: string) => {
  writeFileSync(at(name), content);
  return at(name);
};
// What commands tell people is tested where they run as processes.
vi.spyOn(process.stderr, "write").mockReturnValue(true);

const done = async (command: Spec["command"], flags: CommandFlags & RunFlags) => {
  expect(await perform(await askedBy(command, flags), { threads: "1", ...flags })).toBe(0);
};
const run = (file: string, flags: RunFileFlags = {}) => runFile(file, { threads: "1", ...flags });

const data = "gaussian:dimension=4,classes=3";
const client = { model: "mlp:sizes=6", delta: "1.5" };
const photos = () => ({ data: at("photos"), size: "8x8", model: "mlp:sizes=8", weights: at("weights.npz"), attack: "idlg:steps=3" });

beforeAll(async () => {
  for (const [i, label] of ["a", "b", "c"].entries())
    for (const split of ["train", "test"]) {
      mkdirSync(at(`photos/${split}/${label}`), { recursive: true });
      const pixels = Uint8Array.from({ length: 192 }, (_, k) => (k * (2 * i + 5)) % 256);
      writeFileSync(at(`photos/${split}/${label}/0.png`), encodePng({ width: 8, height: 8, channels: 3, data: pixels }));
    }
  const network = models.build("mlp:sizes=8", { shape: [3, 8, 8], classes: 3, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
  for (const seed of [1, 2]) {
    const tensors = [...initialWeights(network, keyFromSeed(seed))].map(([name, tensor]) => [name, { dtype: "F32", ...tensor }] as const);
    writeFileSync(at(seed === 1 ? "weights.npz" : "others.npz"), writeNpz(new Map(tensors)));
  }
  const parts = { dtype: "I32", shape: [60], data: Int32Array.from({ length: 60 }, (_, i) => i % 3) } as const;
  writeFileSync(at("parts.npz"), writeNpz(new Map([["clients", parts]])));
  await done("attack", { ...photos(), images: "0-2", defense: "gaussian:sigma=0.001", saveUpdate: true, out: at("attack") });
  await done("invert", {
    ...{ model: "mlp:sizes=8", weights: at("weights.npz"), inputShape: "3x8x8", classes: "3", attack: "idlg:steps=3" },
    ...{ update: at("attack/update-0.safetensors"), labels: "0", truth: [at("attack/original-0.png")], out: at("invert") },
  });
  const drawn = { ...client, data, defense: ["laplacian:scale=0.1", "none"], attack: ["bayes:steps=3", "idlg:steps=3"] };
  await done("audit", { ...drawn, samples: "3", lanes: "2", seed: "4", out: at("audit") });
  await done("train", {
    ...{ data: "gaussian:dimension=4,classes=3", model: "mlp:sizes=6", examples: "60", testExamples: "30", partitionFile: at("parts.npz") },
    ...{ clients: "3", rounds: "6", batch: "4", audit: "0/6", delta: "1", attack: ["bayes:steps=2"], auditSamples: "2", out: at("train") },
  });
  await done("tune", { ...client, data, attack: "bayes:steps=3", vary: ["rate=0.2"], samples: "2", lanes: "2", out: at("tune") });
}, 120_000);

/** Each result, and where what it names by a hash lies. */
const results: Readonly<Record<Spec["command"], { readonly file: string; readonly places: () => RunFileFlags }>> = {
  attack: { file: "result.json", places: () => ({ data: at("photos"), weights: at("weights.npz") }) },
  invert: {
    file: "result.json",
    places: () => ({ weights: at("weights.npz"), update: at("attack/update-0.safetensors"), truth: [at("attack/original-0.png")] }),
  },
  audit: { file: "result.json", places: () => ({}) },
  train: { file: "result.json", places: () => ({ partitionFile: at("parts.npz") }) },
  tune: { file: "tuned.json", places: () => ({}) },
};
const commands = Object.keys(results) as readonly Spec["command"][];
const specIn = (command: Spec["command"]) => JSON.parse(text(`${command}/${results[command].file}`)).spec as Record<string, unknown>;

describe("gradleak run", () => {
  it.each(commands)("does what is in the result of %s again, to the same bytes, times aside", async (command) => {
    const { file, places } = results[command];
    const out = at(`${command} again`);
    expect(await run(at(`${command}/${file}`), { ...places(), out })).toBe(0);
    expect(timeless(readFileSync(join(out, file), "utf8"))).toBe(timeless(text(`${command}/${file}`)));
  });

  it.each(commands)("takes the spec of %s alone, in JSON and in YAML", async (command) => {
    const { file, places } = results[command];
    const spec = specIn(command);
    for (const [name, content] of [
      [`${command}.json`, JSON.stringify(spec, null, 2)],
      [`${command}.yaml`, stringify(spec)],
    ] as const) {
      const out = at(`from ${name}`);
      expect(await run(write(name, content), { ...places(), out, device: "cpu" })).toBe(0);
      expect(timeless(readFileSync(join(out, file), "utf8"))).toBe(timeless(text(`${command}/${file}`)));
    }
  });

  it("completes a short spec that a person wrote", async () => {
    const short =
      "command: audit\ndata: { set: gaussian }\nclient: { model: mlp:sizes=4 }\nattacks: [bayes:steps=1]\nscore: { delta: 1 }\nsamples: 1\n";
    expect(await run(write("short.yaml", short), { out: at("short") })).toBe(0);
    const { spec } = JSON.parse(text("short/result.json"));
    expect(spec).toMatchObject({ version: 1, seed: 0, labels: "known", defenses: [{ kind: "none" }], prior: { kind: "gaussian-cone" } });
  });

  it("tells programs what it does, and ends with exit code 2 and a sentence where the file is wrong", async () => {
    const good = await gradleak("run", at("tune/tuned.json"), "--out", at("told"), "--json", "--threads", "1", "--device", "cpu");
    expect(good.code, good.told).toBe(0);
    expect(JSON.parse(good.out.trim().split("\n").at(-1)!)).toMatchObject({ event: "result", format: "gradleak-tuned-2" });
    const bad = await gradleak("run", write("bad.yaml", "command: audti\n"));
    expect(bad.told).toMatch(/bad\.yaml names the command "audti"; did you mean audit\?/);
    expect([bad.code, bad.out]).toEqual([2, ""]);
    const flag = await gradleak("run", at("tune/tuned.json"), "--seed", "3");
    expect(flag.told).toMatch(/unknown option '--seed'[\s\S]*a spec states everything except where files lie/);
    expect([flag.code, flag.out]).toEqual([2, ""]);
  });
});

describe("gradleak run refuses by a sentence, and writes nothing", () => {
  const changed = (command: Spec["command"], changes: (spec: Record<string, unknown>) => object) => () => {
    const spec = specIn(command);
    return write("changed.json", JSON.stringify(changes(spec)));
  };
  const content = (name: string, own: string) => () => write(name, own);
  const result = (command: Spec["command"]) => () => at(`${command}/${results[command].file}`);

  const cases: [string, () => string, () => RunFileFlags, RegExp][] = [
    ["a file that is not there", () => at("nowhere.json"), () => ({}), /nowhere\.json cannot be read \(there is no such file\)/],
    ["an empty file", content("empty.yaml", ""), () => ({}), /empty\.yaml must contain a spec.*it contains nothing/],
    ["a list", content("list.yaml", "- a\n- b\n"), () => ({}), /it contains a list/],
    ["a word", content("word.yaml", "audit"), () => ({}), /it contains a string/],
    ["what is neither JSON nor YAML", content("neither.yaml", "a: [1, 2\nb: }"), () => ({}), /neither\.yaml is neither JSON nor YAML: /],
    ["half a JSON file", content("half.json", '{"command": "audit", "da'), () => ({}), /half\.json is neither JSON nor YAML: /],
    ["a spec without a command", content("none.yaml", "version: 1\n"), () => ({}), /none\.yaml names no command.*There are attack, audit/],
    [
      "the result of objects",
      content("code.json", '{"format":"gradleak-audit-3","spec":null}'),
      () => ({}),
      /made in code.*only that code/,
    ],
    ["a result without its spec", content("lost.json", '{"format":"gradleak-result-3","command":"attack"}'), () => ({}), /but no spec/],
    ["another version", changed("audit", (spec) => ({ ...spec, version: 2 })), () => ({}), /version 2; this program reads version 1/],
    [
      "another version of a command that is not known yet",
      content("new.yaml", "version: 2\ncommand: serve\n"),
      () => ({}),
      /new\.yaml has version 2; this program reads version 1/,
    ],
    [
      "a mistyped field",
      changed("audit", ({ samples, ...spec }) => ({ ...spec, sampels: samples })),
      () => ({}),
      /changed\.json has an unknown field "sampels"; did you mean samples\? There are /,
    ],
    [
      "a mistyped field in a field",
      changed("audit", ({ client, ...spec }) => ({ ...spec, client: { ...(client as unknown as object), bacth: 2 } })),
      () => ({}),
      /unknown field "client\.bacth"; did you mean batch\?/,
    ],
    [
      "a mistyped field two fields down",
      changed("attack", ({ client, ...spec }) => ({
        ...spec,
        client: { ...(client as unknown as object), weights: { kind: "file", sha526: "0" } },
      })),
      () => ({}),
      /unknown field "client\.weights\.sha526"; did you mean sha256\?/,
    ],
    [
      "a mistyped parameter of a part",
      changed("audit", ({ attacks, ...spec }) => ({ ...spec, attacks: [{ kind: "bayes", stepz: 3 }] })),
      () => ({}),
      /attack bayes has no parameter "stepz"\. Did you mean steps/,
    ],
    ["a value out of range", changed("audit", (spec) => ({ ...spec, samples: 0 })), () => ({}), /changed\.json, field samples: /],
    [
      "weights where they are drawn",
      result("audit"),
      () => ({ weights: at("weights.npz") }),
      /--weights .* contradicts .*drawn from its seed/,
    ],
    ["another data set", result("audit"), () => ({ data: "cifar10" }), /--data cifar10 contradicts the spec, whose data set is gaussian/],
    [
      "an update for an audit",
      result("audit"),
      () => ({ update: at("weights.npz") }),
      /--update .* contradicts .*whose command is "audit"/,
    ],
    ["originals for a tuning", result("tune"), () => ({ truth: [at("attack/original-0.png")] }), /--truth contradicts .*command is "tune"/],
    ["a folder for an inversion", result("invert"), () => ({ data: at("photos") }), /--data .* contradicts .*not a data set/],
    ["files of a set that reads none", result("audit"), () => ({ dataPath: at("photos") }), /--data-path is for a data set that is read/],
    [
      "two originals of one image",
      result("invert"),
      () => ({ ...results.invert.places(), truth: [1, 2].map(() => at("attack/original-0.png")) }),
      /--truth names 2 files for a batch of 1/,
    ],
    [
      "a folder that nobody names",
      result("attack"),
      () => ({ weights: at("weights.npz") }),
      /needs a folder of images; give its path with --data/,
    ],
    [
      "weights that nobody names",
      result("attack"),
      () => ({ data: at("photos") }),
      /takes weights from a file with the SHA-256 [0-9a-f]{64}: .*--weights/,
    ],
    [
      "an update that nobody names",
      result("invert"),
      () => ({ weights: at("weights.npz") }),
      /takes update from a file with the SHA-256 .*--update/,
    ],
    [
      "other weights",
      result("attack"),
      () => ({ data: at("photos"), weights: at("others.npz") }),
      /--weights .*others\.npz is not the file of this spec: its SHA-256 is [0-9a-f]{64}, and the spec names/,
    ],
    [
      "another update",
      result("invert"),
      () => ({ ...results.invert.places(), update: at("attack/update-1.safetensors") }),
      /--update .*update-1\.safetensors is not the file of this spec/,
    ],
    [
      "other images in the folder",
      changed("attack", ({ data, ...spec }) => ({ ...spec, data: { ...(data as unknown as object), sha256: "0".repeat(64) } })),
      results.attack.places,
      /--data .*photos does not have the images of this spec: their SHA-256 is [0-9a-f]{64}, and the spec names 0{64}/,
    ],
    [
      "other public images",
      changed("attack", ({ data, ...spec }) => ({ ...spec, data: { ...(data as unknown as object), publicSha256: "0".repeat(64) } })),
      results.attack.places,
      /the public images of this spec/,
    ],
    [
      "a hash of images of a set that is no folder",
      changed("audit", ({ data, ...spec }) => ({ ...spec, data: { ...(data as unknown as object), sha256: "0".repeat(64) } })),
      () => ({}),
      /leave data\.sha256 out/,
    ],
  ];

  it.each(cases)("%s", async (name, file, flags, sentence) => {
    const out = at(`refused ${name}`);
    const refused = run(file(), { ...flags(), out });
    await expect(refused).rejects.toThrow(sentence);
    await expect(refused).rejects.toBeInstanceOf(LeakageError);
    expect(existsSync(out)).toBe(false);
  });
});

describe("the JSON Schemas of results", () => {
  it.each([
    ["attack", resultSchema],
    ["invert", resultSchema],
    ["audit", auditResultSchema],
    ["tune", tunedSchema],
  ] as const)("are met by what %s writes", (command, schema) => {
    const made = JSON.parse(text(`${command}/${results[command].file}`)) as Record<string, unknown>;
    const described = z.fromJSONSchema(z.toJSONSchema(schema, { io: "output" }) as Parameters<typeof z.fromJSONSchema>[0]);
    expect(described.safeParse(made)).toMatchObject({ success: true });
    expect(described.safeParse({ ...made, surprise: 1 }).success).toBe(false);
    expect(described.safeParse({ ...made, format: "gradleak-result-9" }).success).toBe(false);
  });
});
