import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nowhere } from "../../src/audit/audit.ts";
import { type AuditResult, auditDraws, drawRun, readAuditChunk, validateAuditResult } from "../../src/audit/index.ts";
import { askedBy, type CommandFlags } from "../../src/cli/asked.ts";
import { unequalWork } from "../../src/cli/audit-table.ts";
import { perform, type RunFlags } from "../../src/cli/perform.ts";
import { chosenAttacks } from "../../src/cli/tuned.ts";
import { type Dataset, datasets, noFiles, type Split } from "../../src/data/index.ts";
import { encodePng } from "../../src/formats/index.ts";
import {
  bonferroni,
  bootstrapMean,
  clopperPearson,
  clusterBootstrap,
  clusterProportion,
  complement,
  dkwBand,
  mcnemar,
  tango,
} from "../../src/metrics/index.ts";
import { specHash } from "../../src/parts/index.ts";
import { foldIn, keyFromSeed, stream } from "../../src/random/index.ts";
import { auditReport } from "../../src/report/index.ts";
import { auditSpec, cellSpecs } from "../../src/runs/audit-spec.ts";
import { endsReached, tuningsOf } from "../../src/runs/audit-tuning.ts";
import { type AuditSpec, memoryStore, plan, readTuned, realize, type Sources } from "../../src/runs/index.ts";
import { prepareAudit } from "../../src/runs/prepare.ts";
import { parseSpec } from "../../src/runs/spec.ts";
import { finish } from "../../src/scenario/index.ts";
import { gradleak, timeless } from "./command.ts";
import { filesIn, interrupted } from "./interrupted.ts";

const home = mkdtempSync(join(tmpdir(), "gradleak-audit-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const at = (name: string) => join(home, name);

const set = "gaussian:dimension=4,classes=3";
const sources: Sources = {
  dataset: async (asked, split) => datasets.build(asked).open(split, noFiles),
  tensors: () => Promise.reject(new Error("no file is needed")),
  places: {},
};
const surroundings = { machine: { threads: 1, clock: () => 0 }, versions: { gradleak: "0" } };
const vectors = (split: Split) => sources.dataset(datasets.parse(set), split);
const conditional = { kind: "gaussian", sigma: 0.3 };
const attacks = [
  { kind: "bayes", steps: 12 },
  { kind: "bayes", steps: 12, conditional },
];
const asked = (changes: object = {}) => ({
  command: "audit",
  data: { split: "test", set },
  client: { model: { kind: "mlp", sizes: [6] }, weights: { kind: "initial" } },
  defenses: ["laplacian:scale=0.02", "none"],
  attacks,
  prior: "gaussian",
  score: { delta: 1.7, deltaSpace: "model" },
  samples: 10,
  seed: 5,
  ...changes,
});
const realized = async (changes: object = {}) =>
  realize(await prepareAudit(parseSpec(auditSpec, asked(changes)), sources), sources, surroundings.machine);
const specOf = async (changes: object = {}): Promise<AuditSpec> => (await realized(changes)).spec;

/**
 * The attacks of a spec as if they had been tuned alike behind each of its defenses, so that they
 * are compared.
 */
const tunedAlike = async (changes: object = {}) => {
  const spec = await specOf(changes);
  const tuned = spec.defenses.flatMap((defense) =>
    spec.attacks.map((attack) => ({
      specHash: "0".repeat(64),
      settingHash: "1".repeat(64),
      by: "distance" as const,
      candidates: 4,
      draws: 8,
      work: 0,
      defense,
      attack,
    })),
  );
  return { ...changes, tuned };
};

/** An audit by the library, of the synthetic set. */
async function audited(changes: object): Promise<AuditResult> {
  const { run } = await plan(asked(changes), sources, surroundings);
  return (await finish(run(memoryStore()))) as AuditResult;
}

const distancesOf = ({ data }: AuditResult, cell: number) => data.map(({ distances }) => distances[cell]!);
const recovers = (distance: number | null) => distance !== null && distance <= 1.7;
/** The key of what an audit resamples of a cell. */
const resampleKey = (seed: number, cell: number) => foldIn(stream(keyFromSeed(seed), "resample"), cell);

describe("an audit", () => {
  it("states the numbers of the statistics on its own draws", async () => {
    const result = await audited(await tunedAlike({ failIf: "recovered > 0.9" }));
    expect(validateAuditResult(JSON.parse(JSON.stringify(result)), "result")).toEqual(result);
    expect(result.cells.map(({ defense, attack }) => [defense.split(":")[0], attack.includes("conditional")])).toEqual([
      ["laplacian", false],
      ["laplacian", true],
      ["none", false],
      ["none", true],
    ]);
    expect(result.band).toBe(dkwBand(10, 0.95));
    const counts = result.cells.map((cell, i) => {
      const recovered = distancesOf(result, i).flat().filter(recovers).length;
      expect(cell.recovered).toEqual(clopperPearson(recovered, 10, 0.95));
      expect(cell.risk).toEqual(complement(cell.recovered));
      return recovered;
    });
    // Both outcomes occur, or nothing was compared.
    expect(Math.min(...counts)).toBeLessThan(10);
    expect(Math.max(...counts)).toBeGreaterThan(0);
    for (const [i, guess] of result.baselines.entries()) {
      expect(guess.name).toBe(["meanVector", "classMean", "likeliestVector"][i]);
      const near = result.data.filter(({ guesses }) => guesses[guess.name]![0]! <= 1.7).length;
      expect(guess.recovered).toEqual(clopperPearson(near, 10, 0.95));
    }
    // Next to the guesses, and not among them: the nearest of the 500 public vectors that were
    // looked at.
    const [test, train] = [await vectors("test"), await vectors("train")];
    const publicVectors = Array.from({ length: 500 }, (_, i) => train.example(i).image);
    const neighbors = result.data.map(({ images }) => {
      const { image } = test.example(images[0]!);
      return Math.min(...publicVectors.map((other) => Math.hypot(...image.map((entry, i) => entry - other[i]!))));
    });
    result.data.forEach(({ nearestPublic }, i) => {
      expect(nearestPublic![0]).toBeCloseTo(neighbors[i]!, 5);
    });
    expect(result.nearestPublic).toMatchObject({ count: 500, recovered: clopperPearson(neighbors.filter(recovers).length, 10, 0.95) });
    const [first, second] = [distancesOf(result, 0).flat(), distancesOf(result, 1).flat()] as [number[], number[]];
    const count = (one: boolean, other: boolean) => first.filter((d, i) => recovers(d) === one && recovers(second[i]!) === other).length;
    const outcomes = {
      both: count(true, true),
      onlyFirst: count(true, false),
      onlySecond: count(false, true),
      neither: count(false, false),
    };
    const [compared] = result.comparisons;
    expect(compared).toMatchObject({ ...outcomes, pValue: mcnemar(outcomes) });
    expect(compared!.recovered).toEqual({ ...tango(outcomes, 0.95), interval: "tango" });
    const differences = first.map((d, i) => d - second[i]!);
    expect(compared!.distance).toEqual({
      ...bootstrapMean(differences, foldIn(stream(resampleKey(5, 0), "resample"), 1), { confidence: 0.95 }),
      images: 10,
    });
    expect(result.gate!.confidence).toBe(bonferroni(0.95, 2));
    expect(result.gate!.verdicts[0]!.value).toBe(clopperPearson(Math.max(counts[0]!, counts[1]!), 10, bonferroni(0.95, 2)).upper);
    const nearest = result.cells[0]!.nearest!;
    expect(nearest.distance).toBe(Math.min(...first));
    expect(result.data[nearest.draw]!.images).toEqual([nearest.index]);
  });

  it("resamples batches, and says so", async () => {
    const result = await audited(
      await tunedAlike({
        client: { model: { kind: "mlp", sizes: [6] }, weights: { kind: "initial" }, batch: 2 },
        defenses: ["laplacian:scale=0.02"],
        samples: 8,
      }),
    );
    expect(result).toMatchObject({ draws: 8, images: 16, interval: "cluster-bootstrap", band: dkwBand(8, 0.95, 2) });
    const [first, second] = [distancesOf(result, 0), distancesOf(result, 1)];
    expect(first.every(({ length }) => length === 2)).toBe(true);
    const options = { confidence: 0.95 };
    expect(result.cells[0]!.recovered).toEqual(
      clusterProportion(
        first.map((draw) => draw.map(recovers)),
        resampleKey(5, 0),
        options,
      ),
    );
    const [compared] = result.comparisons;
    expect(compared!.pValue).toBeNull();
    const differences = first.map((draw, i) => draw.map((d, b) => Number(recovers(d)) - Number(recovers(second[i]![b]!))));
    expect(compared!.recovered).toEqual({
      ...clusterBootstrap(differences, foldIn(stream(resampleKey(5, 0), "resample"), 1), options),
      interval: "cluster-bootstrap",
    });
  });

  it("gives a draw the same image, noise and start whatever else is audited", async () => {
    const whole = await audited({ lanes: 1, samples: 5, defenses: ["laplacian:scale=0.02"] });
    const alone = await audited({
      lanes: 1,
      samples: 4,
      chunk: 3,
      defenses: ["none", "laplacian:scale=0.02"],
      attacks: [attacks[1]!],
    });
    expect(alone.data.map(({ images }) => images)).toEqual(whole.data.slice(0, 4).map(({ images }) => images));
    expect(distancesOf(alone, 1)).toEqual(distancesOf(whole, 1).slice(0, 4));
    const other = await audited({ lanes: 1, samples: 4, seed: 6, defenses: ["laplacian:scale=0.02"] });
    expect(distancesOf(other, 1)).not.toEqual(distancesOf(whole, 1).slice(0, 4));
  });
});

describe("an audit that tunes its attacks", () => {
  const vary = [
    { path: "rate", values: [0.01, 0.1, 0.3] },
    { path: "widen", values: [1, 10] },
  ];
  const tuning = { vary, budget: 32, samples: 6, by: "distance" };
  const behindOne = { defenses: ["laplacian:scale=0.02"] };

  it("carries out the best candidate of each attack, on other draws than those it was tuned on, and compares", async () => {
    const result = await audited({ ...behindOne, tuning });
    const tunings = tuningsOf(await specOf({ ...behindOne, tuning }));
    expect(tunings.map(({ data, attacks: tried, samples }) => [data.split, tried.length, samples])).toEqual([
      ["train", 7, 6],
      ["train", 7, 6],
    ]);
    for (const [i, cell] of result.cells.entries()) {
      expect(cell.tuned).toMatchObject({ by: "distance", candidates: 7, draws: 6, specHash: specHash(tunings[i]! as never) });
      expect(cell.attack).not.toBe(cell.tuned!.attack);
    }
    expect(result.comparisons).toHaveLength(1);
    // The same numbers come from an audit of the attacks that were chosen.
    const chosen = await audited({ ...behindOne, attacks: result.cells.map(({ tuned }) => tuned!.attack) });
    expect(chosen.data).toEqual(result.data);
    expect(chosen.comparisons).toEqual([]);
  });

  it("names what was tuned to the end of its values", async () => {
    const spec = await specOf({ ...behindOne, tuning });
    const [first, second] = cellSpecs(spec);
    const to = (rate: number, widen: number) => ({ ...first!, attack: { ...first!.attack, rate, widen } });
    const inside = { ...second!, attack: { ...second!.attack, rate: 0.1, widen: 5 } };
    expect(endsReached(spec, [to(0.1, 5), inside])).toEqual([]);
    expect(endsReached(spec, [to(0.3, 5), inside])).toEqual([
      "The best value is the smallest or the largest that was tried, so values beyond it may do better: bayes:steps=12 behind laplacian:scale=0.02 (rate=0.3).",
    ]);
    expect(endsReached(spec, [inside, to(0.01, 10)])[0]).toContain("(rate=0.01, widen=10)");
    const untuned = await specOf(behindOne);
    expect(endsReached(untuned, cellSpecs(untuned))).toEqual([]);
  });

  it("draws other noise and other starts than what is scored, even of the same examples", async () => {
    const { scenarios, data } = await realized({ ...behindOne, samples: 4 });
    const always = { ...data, example: () => data.example(3) };
    const drawn = async (root: ReturnType<typeof keyFromSeed>) => {
      const run = drawRun({ scenarios, data: always, samples: 4, lanes: 4, chunk: 4, root });
      const chunks = await finish(auditDraws({ ...run, guesses: [], machine: surroundings.machine }, nowhere, "draws"));
      return chunks.flatMap(({ draws }) => draws);
    };
    const root = keyFromSeed(5);
    const [scored, again] = [await drawn(root), await drawn(root)];
    const tuned = await drawn(stream(root, "tuning"));
    expect(again).toEqual(scored);
    expect(tuned.map(({ images }) => images)).toEqual(scored.map(({ images }) => images));
    for (const [i, { outcomes }] of tuned.entries()) expect(outcomes[0]!.distances).not.toEqual(scored[i]!.outcomes[0]!.distances);
  });

  it("gives every attack as many candidates", async () => {
    const own = [{ path: "anneal", values: [0.1, 0.01, 0.001] }, ...vary];
    const inverting = parseSpec(auditSpec, asked({ attacks: ["inverting-gradients:steps=12"] })).attacks;
    const spec = await specOf({ ...behindOne, tuning: { ...tuning, vary: own } });
    const tunings = tuningsOf({ ...spec, attacks: [spec.attacks[0]!, ...inverting] });
    // The second attack has the rate alone of them, and its own is among the three.
    expect(tunings.map(({ attacks: tried }) => tried.length)).toEqual([3, 3]);
    expect(new Set(tunings[1]!.attacks.map((attack) => attack.rate))).toEqual(new Set([0.01, 0.1, 0.3]));
  });

  it("says how much work each attack did, its tuning included, and labels what is unequal", async () => {
    const attacks = ["bayes:steps=5", "bayes:steps=20,restarts=2", "bayes:steps=5,samples=4,delta=0.5", "bayes:steps=5,rate=0.05"];
    const spec = await tunedAlike({ ...behindOne, attacks, samples: 4 });
    const [first, ...others] = spec.tuned;
    const result = await audited({
      ...spec,
      tuned: [{ ...first!, work: 100 }, ...others.map((one, i) => ({ ...one, work: i === 2 ? 100 : 0 }))],
    });
    // Evaluations are those of all restarts, at all points, on all four draws.
    expect(result.cells.map(({ work }) => work)).toEqual([4 * 5, 4 * 20 * 2, 4 * 5 * 4, 4 * 5]);
    expect(result.comparisons.map(({ work }) => work)).toEqual([
      { first: 120, second: 160, equal: false },
      { first: 120, second: 80, equal: false },
      { first: 120, second: 120, equal: true },
      { first: 160, second: 80, equal: false },
      { first: 160, second: 120, equal: false },
      { first: 80, second: 120, equal: false },
    ]);
    expect(unequalWork(result)).toHaveLength(5);
    expect(unequalWork(result)[0]).toContain("bayes:steps=5 120 evaluations × images in 0.0 s, bayes:steps=20,restarts=2 160 in");
    expect(auditReport({ result, images: new Map() }).match(/unequal work/g)).toHaveLength(5);
  });

  it("counts the work of a tuning", async () => {
    const result = await audited({ ...behindOne, tuning, samples: 3 });
    // Seven candidates of 12 steps on six draws, and three draws that are scored.
    for (const { tuned, work } of result.cells) expect([tuned!.work, work]).toEqual([7 * 12 * 6, 12 * 3]);
    expect(result.comparisons[0]!.work.equal).toBe(true);
  });

  it("compares only what was tuned behind the same defense at the same budget", async () => {
    const spec = await tunedAlike({ ...behindOne, samples: 3 });
    const [first, second] = spec.tuned;
    const { defenses } = await specOf();
    const others = [
      [first!],
      [first!, { ...second!, candidates: 5 }],
      [first!, { ...second!, draws: 9 }],
      [first!, { ...second!, by: "objective" as const }],
      [first!, { ...second!, settingHash: "2".repeat(64) }],
      [first!, { ...second!, defense: defenses[1]! }],
    ];
    expect((await audited(spec)).comparisons).toHaveLength(1);
    for (const tuned of others) expect((await audited({ ...spec, tuned })).comparisons).toEqual([]);
  });
});

const words = ["audit", "--data", set, "--model", "mlp:sizes=6", "--attack", "bayes:steps=60", "--delta", "1.7", "--threads", "1"];
const result = (folder: string) => readFileSync(join(at(folder), "result.json"), "utf8");
describe("gradleak audit", () => {
  it("finishes with the same result after kill -9 and after an interrupt, and refuses another spec in its folder", async () => {
    const mine = [...words, "--defense", "laplacian:scale=0.02", "--samples", "16", "--chunk", "2", "--lanes", "2"];
    expect((await gradleak(...mine, "--out", at("whole"))).code).toBe(0);
    for (const signal of ["SIGKILL", "SIGINT"] as const) {
      await interrupted(mine, at(signal), "draws/1.json", signal);
      expect(existsSync(join(at(signal), "result.json"))).toBe(false);
      const kept = readFileSync(join(at(signal), "draws/0.json"), "utf8");
      // A chunk that the disk did not take whole is made again, and so is one that has other draws.
      writeFileSync(join(at(signal), "draws/1.json"), signal === "SIGKILL" ? kept.slice(0, 40) : kept);
      expect((await gradleak(...mine, "--out", at(signal))).code).toBe(0);
      expect(readFileSync(join(at(signal), "draws/0.json"), "utf8")).toBe(kept);
      expect(timeless(result(signal))).toBe(timeless(result("whole")));
      expect(filesIn(at(signal))).toEqual(filesIn(at("whole")));
    }
    const kept = readFileSync(join(at("whole"), "draws/0.json"), "utf8");
    const { from, to, seconds } = JSON.parse(kept) as { from: number; to: number; seconds: { attacking: number[] } };
    expect(readAuditChunk(kept, { from, to }, seconds.attacking.length)).toBeDefined();
    expect(readAuditChunk(kept, { from, to }, seconds.attacking.length + 1)).toBeUndefined();
    const other = await gradleak(...mine, "--seed", "2", "--out", at("whole"));
    expect(other.code).toBe(2);
    expect(other.told).toContain("another spec");
  }, 120_000);

  it("tunes first where parameters vary, goes on after kill -9, and leaves what gradleak tune writes", async () => {
    const shared = ["--data", set, "--model", "mlp:sizes=6", "--defense", "laplacian:scale=0.02", "--delta", "1.7", "--threads", "1"];
    const varied = ["--vary", "rate=0.05/0.3", "--chunk", "2", "--lanes", "2"];
    const attacked = ["bayes:steps=20", "bayes:steps=20,conditional=(gaussian:sigma=0.03)"];
    const mine = ["audit", ...shared, "--attack", ...attacked, ...varied, "--samples", "4", "--tuning-samples", "4"];
    const child = spawn(process.execPath, ["dist/cli/main.js", ...mine, "--out", at("tuned")], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
    const kept = join(at("tuned"), "tuning/1/draws/0.json");
    while (!existsSync(kept) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    const before = readFileSync(kept, "utf8");
    const again = await gradleak(...mine, "--out", at("tuned"));
    expect(again.code, again.told).toBe(0);
    expect(readFileSync(kept, "utf8")).toBe(before);
    const { cells, comparisons } = validateAuditResult(JSON.parse(result("tuned")), "result.json");
    expect(comparisons).toHaveLength(1);
    const alone = await gradleak("tune", ...shared, "--attack", attacked[1]!, ...varied, "--samples", "4", "--out", at("alone"));
    expect(alone.code, alone.told).toBe(0);
    const written = readTuned(readFileSync(join(at("alone"), "tuned.json"), "utf8"), "tuned.json");
    expect(written.specHash).toBe(cells[1]!.tuned!.specHash);
    expect(readTuned(readFileSync(join(at("tuned"), "tuning/1/tuned.json"), "utf8"), "tuned.json")).toEqual(written);
  });

  it("tunes on the network that is scored, whose running statistics no scored image has a part in", async () => {
    for (const split of ["train", "test"])
      for (let i = 0; i < 32; i++) {
        const folder = join(at("halves"), split, i % 2 === 0 ? "cat" : "dog");
        mkdirSync(folder, { recursive: true });
        const data = Uint8Array.from({ length: 12 }, (_, k) => (i * 7 + k * 31 + (split === "train" ? 100 : 0)) % 256);
        writeFileSync(join(folder, `${i}.png`), encodePng({ width: 2, height: 2, channels: 3, data }));
      }
    const shared = [
      "--data",
      at("halves"),
      "--model",
      "convnet:width=1",
      "--statistics",
      "32",
      "--attack",
      "dlg:steps=1",
      "--threads",
      "1",
    ];
    const varied = ["--vary", "rate=0.5", "--chunk", "2"];
    const audited = await gradleak("audit", ...shared, ...varied, "--samples", "2", "--tuning-samples", "2", "--out", at("both"));
    expect(audited.code, audited.told).toBe(0);
    const alone = await gradleak("tune", ...shared, ...varied, "--samples", "2", "--out", at("first-half"));
    expect(alone.code, alone.told).toBe(0);
    const read = (...path: string[]) => readTuned(readFileSync(join(...path, "tuned.json"), "utf8"), "tuned.json");
    expect(read(at("first-half"))).toEqual(read(at("both"), "tuning/0"));
  }, 120_000);

  it("exits with 1 where a gate fails, with 0 where it passes, and shows why", async () => {
    const gated = [...words, "--samples", "8", "--fail-if", "recovered.estimate > 0.9"];
    const failed = await gradleak(...gated, "--defense", "none", "laplacian:scale=100", "--out", at("failed"));
    expect(failed.told).toMatch(/gate failed.*behind none/);
    expect(failed.told).toMatch(/gate passed.*behind laplacian/);
    expect(failed.code).toBe(1);
    const passed = await gradleak(...gated, "--defense", "laplacian:scale=100", "--out", at("passed"), "--json");
    expect(passed.told).toBe("");
    expect(passed.code).toBe(0);
    const last = JSON.parse(passed.out.trim().split("\n").at(-1)!) as AuditResult & { event: string };
    expect(last.event).toBe("result");
    expect(last.gate).toMatchObject({ fails: false });
    const report = readFileSync(join(at("failed"), "report.html"), "utf8");
    expect(report).toContain(validateAuditResult(JSON.parse(result("failed")), "result.json").specHash);
    expect(report).toContain("not recovered by these attacks under these assumptions");
  });
});

describe("an audit that cannot be is refused by a sentence, before anything is written", () => {
  const flags: CommandFlags & RunFlags = {
    data: set,
    split: "test",
    model: "mlp:sizes=6",
    mode: "eval",
    batch: "1",
    defense: ["none"],
    attack: ["idlg:steps=2"],
    labels: "known",
    delta: "1",
    deltaSpace: "pixel",
    samples: "4",
    chunk: "2",
    lanes: "2",
    seed: "0",
    device: "cpu",
    threads: "1",
  };
  const audit = async (given: CommandFlags & RunFlags) => perform(await askedBy("audit", given), given);
  const tune = async (given: CommandFlags & RunFlags) => perform(await askedBy("tune", given), given);
  const cases: [string, { readonly [flag in keyof (CommandFlags & RunFlags)]?: unknown }, RegExp][] = [
    ["σ ≤ 0", { defense: ["gaussian:sigma=0"] }, /sigma must be a number > 0; got 0/],
    ["b ≤ 0", { defense: ["laplacian:scale=-1"] }, /scale must be a number > 0; got -1/],
    ["δ < 0", { delta: "-1" }, /--delta takes a number above 0; got "-1"/],
    ["a gate that could never pass", { samples: "71", failIf: "recovered > 0.05" }, /could never pass with 71.*at least 72/],
    [
      "one that two attacks share",
      { samples: "72", failIf: "recovered > 0.05", attack: ["idlg:steps=2", "dlg:steps=2"] },
      /could never pass with 72.*2 attacks/,
    ],
    [
      "words that are no gate",
      { failIf: "psnr > 20" },
      /A gate is "recovered", "risk", "searchFailed", "undetermined" or "certified".*got "psnr > 20"/,
    ],
    ["a defense twice", { defense: ["none", "none"] }, /--defense none is given twice/],
    ["no draws", { samples: "0" }, /--samples takes a whole number/],
    ["one batch", { samples: "1", batch: "2" }, /at least 2 batches; got --samples 1/],
    ["a prior beside an attack that has its own", { prior: "uniform" }, /--prior uniform.*idlg:steps=2/],
    ["no prior where one is needed", { data: "shapes", attack: ["bayes:steps=2"] }, /needs a prior.*--prior/],
    ["a statistics prior without statistics", { attack: ["bayes:steps=2"], prior: "batch-norm" }, /batch norm/i],
    [
      "running statistics of a network without them",
      { statistics: "64" },
      /--statistics 64 does not fit --model mlp.*no batch normalization/,
    ],
    ["a law that has none for a batch", { batch: "2", defense: ["mask:per=example"] }, /per=example does not fit a batch of 2/],
    [
      "a law that needs a mask which nobody publishes",
      { defense: ["gaussian"], prior: "gaussian", attack: ["bayes:conditional=(mask+gaussian)"] },
      /mask keeping 0\.5 needs the mask, and the client did not publish one/,
    ],
    ["vectors and no δ", { delta: undefined }, /state --delta/],
    ["something to vary that no attack has", { vary: ["rte=1/2"] }, /--vary rte: no attack has such a parameter/],
    [
      "a prior to vary that stands beside the attack",
      { attack: ["bayes:steps=2"], prior: "gaussian", vary: ["prior.sigma=1/2"] },
      /so state the prior in the attack/,
    ],
    [
      "an attack without anything to vary",
      { attack: ["bayes:steps=2", "idlg:steps=2"], vary: ["anneal=0.1/0.2"] },
      /--vary leaves attack idlg:steps=2 one candidate/,
    ],
    ["a parameter to vary twice", { vary: ["rate=1/2", "rate=3"] }, /--vary rate is given twice/],
    ["a budget of nothing", { budget: "8" }, /--budget 8 is about tuning, and nothing is tuned without --vary/],
    ["one draw to tune on", { vary: ["rate=1/2"], tuningSamples: "1" }, /--tuning-samples takes a whole number from 2/],
    ["steps to vary", { vary: ["steps=1/2"] }, /equal budgets/],
    ["objectives of different priors", { vary: ["prior.weight=1/2"], by: "objective" }, /changes the objective itself/],
    [
      "an attack that was tuned before",
      { vary: ["rate=1/2"], attack: undefined, tuned: [at("tuned.json")] },
      /--vary does not fit --tuned/,
    ],
    ["weights that are not there", { weights: at("nowhere.npz") }, /nowhere\.npz/],
  ];
  it.each(cases)("%s", async (name, changes, sentence) => {
    const out = at(`bad-${cases.findIndex((each) => each[0] === name)}`);
    const given = Object.fromEntries(Object.entries({ ...flags, ...changes, out }).filter(([, value]) => value !== undefined));
    await expect(audit(given as CommandFlags & RunFlags)).rejects.toThrow(sentence);
    expect(existsSync(out)).toBe(false);
  });

  it("tuning with a law that needs a mask which nobody publishes", async () => {
    const { attack: _, ...rest } = flags;
    const one = { defense: "gaussian", prior: "gaussian", attack: "bayes:conditional=(mask+gaussian)" };
    const varied = { vary: ["rate=0.1/0.2"], budget: "2", by: "distance", out: at("untuned") } as const;
    await expect(tune({ ...rest, ...one, ...varied })).rejects.toThrow(/needs the mask/);
    expect(existsSync(at("untuned"))).toBe(false);
  });

  it("a tuning twice; one attack that is best behind two defenses is audited once, as tuned behind both", async () => {
    const { attack: _, ...rest } = flags;
    const one = {
      prior: "gaussian",
      attack: "bayes:steps=2,rate=0.3",
      vary: ["rate=0.000001"],
      samples: "3",
      budget: "8",
      by: "distance",
    } as const;
    const files = ["first", "second"].map((name) => join(at(name), "tuned.json"));
    for (const [i, defense] of ["gaussian", "laplacian"].entries())
      await tune({ ...rest, ...one, split: "train", defense, out: at(["first", "second"][i]!) });
    const { attacks, tuned } = await chosenAttacks([], files, "test");
    expect([attacks.length, tuned.length]).toEqual([1, 2]);
    expect(tuned[0]!.settingHash).not.toBe(tuned[1]!.settingHash);
    const twice = audit({ ...rest, tuned: [files[0]!, files[0]!], out: at("twice") });
    await expect(twice).rejects.toThrow(/--tuned .*tuned\.json has a tuning that is given already/);
    expect(existsSync(at("twice"))).toBe(false);
  });

  it("more running statistics than there are images: of the other split where this one is scored, of this one where it is tuned on", async () => {
    const black = (split: Split): Dataset => ({
      kind: "black",
      split,
      shape: [3, 9, 9],
      classes: ["a", "b"],
      size: split === "train" ? 96 : 64,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      notes: [],
      example: (index) => ({ index, image: new Float32Array(243), label: 0 }),
    });
    const planned = (command: "audit" | "tune", examples: number) =>
      plan(
        {
          command,
          data: { set: "shapes", split: "train" },
          client: { model: "convnet:width=1", statistics: { examples } },
          attacks: ["idlg:steps=2", "idlg:steps=2,rate=0.5"],
          samples: 2,
        },
        { ...sources, dataset: async (_, split) => black(split) },
        surroundings,
      );
    await expect(planned("audit", 96)).rejects.toThrow(/--statistics 96: there are only 64 public images/);
    expect((await planned("tune", 96)).spec.client.statistics).toMatchObject({ examples: 96 });
    await expect(planned("tune", 128)).rejects.toThrow(/there are only 96 public images/);
  });

  it("a folder whose images have no labels", async () => {
    const folder = mkdtempSync(join(home, "images-"));
    writeFileSync(join(folder, "a.png"), encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) }));
    await expect(audit({ ...flags, data: folder, out: at("unlabeled") })).rejects.toThrow(
      /names no classes.*subfolders, one per class, or state.*--classes/,
    );
    expect(existsSync(at("unlabeled"))).toBe(false);
  });

  it("a folder without splits, where there is something to tune", async () => {
    const folder = mkdtempSync(join(home, "images-"));
    for (const name of ["cat", "dog"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "a.png"), encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) }));
    }
    const given = { ...flags, attack: ["inverting-gradients:steps=2"], vary: ["rate=1/2"], data: folder, out: at("undivided") };
    await expect(audit(given)).rejects.toThrow(/has no two splits; put its images into subfolders train and test/);
    expect(existsSync(at("undivided"))).toBe(false);
  });
});
