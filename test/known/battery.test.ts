import { describe, expect, it } from "vitest";
import { type Attack, battery, type Observations, type Progress } from "../../src/adversary/index.ts";
import { attacks, type Setting } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { datasets, noFiles } from "../../src/data/index.ts";
import { type DefenseLaw, defenses, lawOf } from "../../src/defenses/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { foldIn, keyFromSeed } from "../../src/random/index.ts";
import { plan, taskOf } from "../../src/runs/index.ts";
import { privateBatches, simulate } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";

const data = await datasets.build("shapes").open("test", noFiles);
const model = models.build("mlp:sizes=24", taskOf(data));
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(2)) });
const size = 3072;

async function observe(defense: string, images: readonly (readonly number[])[]): Promise<{ seen: Observations; truth: Float32Array }> {
  const held = privateBatches(
    images.map((batch) => batch.map((i) => data.example(i))),
    client,
  );
  const received = await simulate({ client, defense: defenses.build(defense) }, held, keysOf(images.length), { threads: 1 });
  return { seen: { rounds: [received], lanes: images.length, batchSize: images[0]!.length, labels: held.y }, truth: held.x };
}
const keysOf = (lanes: number) => Array.from({ length: lanes }, (_, i) => foldIn(keyFromSeed(8), i));
const auto = (setting: Setting, steps = 30) => attacks.build(`auto:steps=${steps}`).build(setting);

async function all(attack: Attack, seen: Observations): Promise<Progress[]> {
  const told: Progress[] = [];
  for await (const progress of attack.reconstruct(seen, keysOf(seen.lanes), { threads: 1 })) told.push(progress);
  return told;
}
const members = (end: Progress) => end.lanes().map(({ by }) => by);

describe("the attack auto", () => {
  it("is settled by the exact inversion where the first layer has no noise, and runs nothing else", async () => {
    const { seen, truth } = await observe("none", [[0], [1]]);
    const told = await all(auto({ law: lawOf(defenses.build("none")) }), seen);
    expect(members(told.at(-1)!)).toEqual(["exact", "exact"]);
    expect(
      told
        .at(-1)!
        .lanes()
        .map(({ stopped, evaluations }) => [stopped, evaluations]),
    ).toEqual([
      ["converged", 0],
      ["converged", 0],
    ]);
    expect(told.length).toBe(2);
    told
      .at(-1)!
      .inputs()
      .forEach((x, i) => {
        expect(Math.abs(x - truth[i]!)).toBeLessThan(1e-5);
      });
  });

  it("answers behind noise with what the Bayes adversary's objective prefers, and comes as near as the best member alone", async () => {
    const law = lawOf(defenses.build("gaussian:sigma=0.01"));
    const { seen, truth } = await observe("gaussian:sigma=0.01", [[2], [3]]);
    const attack = auto({ law }, 60);
    const end = (await all(attack, seen)).at(-1)!;
    const prior = "tv:weight=6144";
    const alone = await Promise.all(
      ["inverting-gradients:steps=60", `bayes:steps=60,prior=(${prior})`, "exact"].map(
        async (spec) => (await all(attacks.build(spec).build({ law }), seen)).at(-1)!,
      ),
    );
    const candidates = [end, ...alone].map((one) => ({ x: one.inputs(), y: one.labels() }));
    const values = await attack.objective!(seen, candidates, keysOf(2));
    const [own, ...others] = values.map((lanes) => [...lanes]);
    expect(end.lanes().map(({ objective }) => objective)).toEqual(own);
    for (const other of others)
      other.forEach((value, lane) => {
        expect(own![lane]!).toBeLessThanOrEqual(value);
      });
    const far = (x: Float32Array, lane: number) =>
      Math.hypot(...x.subarray(lane * size, (lane + 1) * size).map((entry, i) => entry - truth[lane * size + i]!));
    for (const lane of [0, 1])
      expect(far(end.inputs(), lane)).toBeLessThan(1.001 * Math.min(...alone.map((one) => far(one.inputs(), lane))));
  });

  it("leaves out what does not fit: the adversary whose law nobody knows, the exact inversion of a batch", async () => {
    const unknown: DefenseLaw = { kind: "unknown", reason: "nobody worked it out" };
    const single = await observe("gaussian:sigma=0.01", [[0]]);
    const guessed = (await all(auto({ law: unknown }, 5), single.seen)).at(-1)!;
    expect(["exact", "peeling", "idlg", "inverting-gradients"]).toContain(members(guessed)[0]);
    const pair = await observe("none", [[0, 1]]);
    const told = await all(auto({ law: lawOf(defenses.build("none")) }, 5), pair.seen);
    expect(["peeling", "idlg", "inverting-gradients", "bayes"]).toContain(members(told.at(-1)!)[0]);
    expect(told.at(-1)!.of).toBe(20);
  });

  it("treats a lane as if it were alone", async () => {
    const law = lawOf(defenses.build("gaussian:sigma=0.01"));
    const both = (await all(auto({ law }, 8), (await observe("gaussian:sigma=0.01", [[0], [1]])).seen)).at(-1)!;
    const one = (await all(auto({ law }, 8), (await observe("gaussian:sigma=0.01", [[0]])).seen)).at(-1)!;
    one.inputs().forEach((x, i) => {
      expect(x).toBeCloseTo(both.inputs()[i]!, 3);
    });
    expect(members(one)[0]).toBe(members(both)[0]);
  });
});

/** An attack that always has one answer, whose objective is the mean of the inputs. */
function answering(answer: number, stopped: "nan" | "converged" | null = null, fits = true): Attack {
  const numbers = (value: number, length: number) => new Float32Array(length).fill(value);
  return {
    assumes: { law: "none", prior: "none", radius: 0, samples: 1 },
    check: () => {
      if (!fits) attacks.parse("no such attack");
    },
    async *reconstruct({ lanes }) {
      const lane = { objective: answer, matching: answer, steps: 1, evaluations: 1, stopped };
      yield {
        step: 1,
        of: 1,
        lanes: () => new Array(lanes).fill(lane),
        inputs: () => numbers(answer, 2 * lanes),
        labels: () => numbers(1, lanes),
      };
    },
    objective: async (_, at) => at.map(({ x, y }) => Float32Array.from(y, (__, lane) => (x[2 * lane]! + x[2 * lane + 1]!) / 2)),
  };
}

describe("a battery", () => {
  const about = { assumes: answering(0).assumes, work: { steps: 2, restarts: 1, points: 1, entries: false } };
  const outline = { rounds: [{ client, updates: new Map() }], lanes: 2, batchSize: 1 };
  const made = async (...given: readonly (readonly [string, Attack, boolean?])[]) =>
    (
      await all(
        battery(() => given.map(([name, attack, settles]) => ({ name, attack, ...(settles ? { settles } : {}) })), about),
        outline,
      )
    ).at(-1)!;

  it("takes the answer that the judge prefers, whoever gave it", async () => {
    expect(members(await made(["first", answering(1)], ["second", answering(3)], ["judge", answering(2)]))).toEqual(["first", "first"]);
    expect(members(await made(["first", answering(3)], ["judge", answering(2)]))).toEqual(["judge", "judge"]);
  });

  it("takes a member that failed only where all failed", async () => {
    expect(members(await made(["dead", answering(1, "nan")], ["judge", answering(2)]))).toEqual(["judge", "judge"]);
    const end = await made(["dead", answering(3, "nan")], ["judge", answering(2, "nan")]);
    expect(end.lanes().map(({ by, stopped }) => [by, stopped])).toEqual(new Array(2).fill(["judge", "nan"]));
    expect(members(await made(["void", answering(Number.NaN)], ["judge", answering(2)]))).toEqual(["judge", "judge"]);
  });

  it("is settled only by a member that says so and has converged", async () => {
    expect(members(await made(["exact", answering(9, "converged"), true], ["judge", answering(2)]))).toEqual(["exact", "exact"]);
    expect(members(await made(["exact", answering(9, null), true], ["judge", answering(2)]))).toEqual(["judge", "judge"]);
    expect(members(await made(["other", answering(9, "converged")], ["judge", answering(2)]))).toEqual(["judge", "judge"]);
  });

  it("leaves out what does not fit, and says why where nothing does", async () => {
    expect(members(await made(["misfit", answering(1, null, false)], ["judge", answering(2)]))).toEqual(["judge", "judge"]);
    await expect(made(["misfit", answering(1, null, false)])).rejects.toThrow(/There is no attack/);
  });

  it("adds up steps and evaluations", async () => {
    const end = await made(["first", answering(1)], ["judge", answering(2)]);
    expect(end.lanes().map(({ steps, evaluations }) => [steps, evaluations])).toEqual(new Array(2).fill([2, 2]));
  });
});

describe("the steps of auto", () => {
  const asked = { command: "attack", data: { set: "shapes", images: [0] }, client: { model: "lenet" } } as const;
  const stepsOf = async (changes: object) => {
    const { spec } = await plan({ ...asked, ...changes }, drawnSources, { machine: { threads: 1, clock: () => 0 }, versions: {} } as never);
    return (spec as unknown as { attack: { kind: string; steps: number; minutes: number } }).attack;
  };

  it("follow from the minutes and the work, are in the spec, and stay where they are stated", async () => {
    const standard = await stepsOf({});
    expect(standard).toMatchObject({ kind: "auto", minutes: 2 });
    expect(standard).toEqual(await stepsOf({}));
    const [short, longer] = [await stepsOf({ attack: "auto:minutes=0.04" }), await stepsOf({ attack: "auto:minutes=0.08" })];
    expect(longer.steps / short.steps).toBeGreaterThan(1.8);
    expect(longer.steps / short.steps).toBeLessThan(2.2);
    const behindLaplace = await stepsOf({ attack: "auto:minutes=0.04", defense: "laplacian:scale=0.1" });
    expect(behindLaplace.steps).toBeLessThan(short.steps);
    expect((await stepsOf({ attack: "auto:minutes=1000" })).steps).toBe(2000);
    expect((await stepsOf({ attack: "auto:minutes=0.001" })).steps).toBe(100);
    expect((await stepsOf({ attack: "auto:steps=7" })).steps).toBe(7);
  });
});
