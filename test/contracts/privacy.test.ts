import { describe, expect, it } from "vitest";
import { privacySpent, reconstructionBound } from "../../src/accounting/index.ts";
import type { AuditResult } from "../../src/audit/index.ts";
import type { Dataset, Split } from "../../src/data/index.ts";
import { type Defense, defenses, deterministicStep, privacyOf, type Step } from "../../src/defenses/index.ts";
import { fillUniform, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { auditReport, certifiedLines, trainReport } from "../../src/report/index.ts";
import { memoryStore, plan, type Result, type Sources, type TrainResult } from "../../src/runs/index.ts";
import { finish } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";

const surroundings = { machine: { threads: 1, clock: () => 0 }, versions: {} };
const run = async (spec: object) => finish((await plan(spec, sources, surroundings)).run(memoryStore()));

const stated = { mechanism: "gaussian", level: "example", multiplier: 0.5, sensitivity: 2 } as const;
const link = "dp-sgd:norm=2,multiplier=0.5";

describe("the privacy of a defense", () => {
  it.each([link, `${link}+gaussian`, `${link}+mask:published=false`, `${link}+clip:norm=0.1`, `${link}+laplacian:per=update`])(
    "%s is that of its mechanism: later noise, masks and rules only process it",
    (spec) => {
      expect(privacyOf(defenses.build(spec))).toEqual(stated);
    },
  );

  it.each([
    ["none", false, /has no noise/],
    ["clip:norm=1", false, /adds no noise/],
    ["gaussian", true, /nothing bounds how far one example moves the update.*clip of each example's gradient/],
    ["clip:norm=1+gaussian", true, /clip of each example's gradient/],
    ["dp-sgd:norm=Infinity", true, /nothing bounds/],
    [`${link}+soteria`, false, /looks at the private batch after the noise/],
  ])("%s has none, and says why", (spec, noisy, reason) => {
    const none = privacyOf(defenses.build(spec));
    expect(none).toMatchObject({ noisy, reason: expect.stringMatching(reason) });
  });

  it("is what a stranger's step states, whatever its kind, unless a later step looks at the batch or an earlier one mixes it", () => {
    const own: Step = { ...deterministicStep("a mechanism", (update) => update), privacy: () => stated };
    const rule = deterministicStep("a rule", (update) => update);
    const { privacy: _, ...looking } = rule;
    const batch = (eachExample?: true): Step => ({
      name: "images",
      onImages: (given) => given,
      law: (before) => before,
      ...(eachExample ? { eachExample } : {}),
    });
    const of = (...steps: Step[]): ReturnType<typeof privacyOf> => privacyOf({ steps } satisfies Defense);
    expect(of(own)).toEqual(stated);
    expect(of(looking, own, rule)).toEqual(stated);
    expect(of(batch(true), own)).toEqual(stated);
    expect(of(own, batch(true))).toEqual(stated);
    expect(of(own, looking)).toMatchObject({ reason: expect.stringMatching(/a rule looks at the private batch/) });
    expect(of(...defenses.build("ats").steps, own)).toEqual(stated);
    expect(of(batch(), own)).toMatchObject({ reason: expect.stringMatching(/images changes the batch as a whole/) });
  });
});

const vectors = {
  command: "audit",
  data: { set: "gaussian:dimension=4,classes=3" },
  client: { model: "mlp:sizes=6,activation=tanh" },
  attacks: ["exact"],
  adaptive: false,
  control: false,
  samples: 4,
  score: { delta: 0.5 },
};
/** Small images that cost nothing, in two splits. */
const drawnImages = (split: Split): Dataset<readonly number[]> => ({
  kind: "noise",
  split,
  shape: [1, 4, 4],
  classes: ["a", "b"],
  size: 300,
  mean: [0.5],
  std: [0.5],
  notes: [],
  example: (index) => {
    const image = new Float32Array(16);
    fillUniform(foldIn(keyFromSeed(split === "test" ? 1 : 2), index), image);
    return { index, image, label: index % 2 };
  },
});
const sources: Sources = {
  ...drawnSources,
  dataset: (set, split) => ("dimension" in set ? drawnSources.dataset(set, split) : Promise.resolve(drawnImages(split))),
};

const images = {
  ...vectors,
  data: { set: "shapes" },
  client: { model: "mlp:sizes=4" },
  attacks: ["inverting-gradients:steps=3"],
  score: {},
  defenses: [link],
};

describe("an audit behind a private defense", () => {
  it("certifies by the known law of vectors, whose κ counts once for each label", async () => {
    const result = (await run({ ...vectors, defenses: [link, "gaussian", "none"] })) as AuditResult;
    // P(‖x‖ ≤ δ) in four dimensions.
    const mass = 1 - Math.exp(-0.125) * (1 + 0.125);
    const [certified, noisy, bare] = result.certified!;
    expect(certified!.kappa).toEqual({
      estimate: expect.closeTo(3 * mass, 12),
      upper: expect.closeTo(3 * mass, 12),
      examples: 0,
      guesses: 1,
    });
    expect(certified!.upper).toBeCloseTo(reconstructionBound({ multiplier: 0.5, rate: 1, steps: 1 }, 3 * mass), 12);
    const { rdp, tight } = privacySpent({ multiplier: 0.5, rate: 1, steps: 1 }, 1e-5);
    expect(certified!.privacy).toMatchObject({ ...stated, samplingRate: 1, steps: 1, dpDelta: 1e-5, rdp, tight });
    expect(noisy).toMatchObject({ upper: null, privacy: null, reason: expect.stringMatching(/nothing bounds/) });
    expect(bare).toMatchObject({ upper: null, reason: expect.stringMatching(/no noise/) });
    const lines = certifiedLines(result).join("\n");
    expect(lines).toMatch(/certified behind dp-sgd:norm=2,multiplier=0\.5: any attacker .* at most .* these attacks recovered/);
    expect(lines).toMatch(/nothing is certified behind gaussian.*: nothing bounds how far one example moves/);
    const page = auditReport({ result, images: new Map() });
    expect(page).toMatch(/What is certified/);
    expect(page).toMatch(/≤ \d/);
    expect(page).toMatch(/at δ = 1e−5 for each example/);
  });

  it("says nothing of certificates where no defense adds noise", async () => {
    const result = (await run({ ...vectors, defenses: ["none", "clip"] })) as AuditResult;
    expect(result.certified).toBeUndefined();
    expect(auditReport({ result, images: new Map() })).not.toMatch(/certified/);
  });

  it("has a gate that reads the certificate, although its attack and its control get nothing", async () => {
    const judged = async (defense: string, failIf: string, more = {}) =>
      ((await run({ ...images, ...more, defenses: [defense], control: true, failIf })) as AuditResult).gate!;
    expect(await judged("dp-sgd:norm=1,multiplier=0.05", "certified > 0.5")).toMatchObject({
      fails: true,
      refused: [],
      verdicts: [{ attack: "any attacker", fails: true }],
    });
    const passed = await judged("dp-sgd:norm=1,multiplier=50", "certified > 0.5");
    expect(passed).toMatchObject({ fails: false, refused: [] });
    expect(passed.verdicts[0]!.value).toBeGreaterThan(0);
    // Four answers reach four times as much as one.
    const batch = (await run({ ...images, client: { model: "mlp:sizes=4", batch: 4 } })) as AuditResult;
    const one = (await run(images)) as AuditResult;
    const [many, single] = [batch.certified![0]!, one.certified![0]!];
    expect(many.kappa).toEqual({ ...single.kappa!, guesses: 4 });
    expect(many.upper).toBeCloseTo(reconstructionBound({ multiplier: 0.5, rate: 1, steps: 1 }, Math.min(1, 4 * single.kappa!.upper)), 12);
  });

  it.each([
    [
      { defenses: [link, "none"], failIf: "certified > 0.5" },
      /"certified > 0\.5" is about differential privacy, and --defense none gives none/,
    ],
    [{ defenses: ["gaussian"], failIf: "certified > 0.5" }, /nothing bounds how far one example moves the update/],
    [{ failIf: "certified.lower > 0.5" }, /has no lower end/],
    [{ failIf: "certified > 1" }, /could never fail: a certificate lies between 0 and 1/],
    [{ failIf: "certified >= 0" }, /could never pass/],
    [{ defenses: ["gaussian"], dpDelta: 1e-5 }, /--dp-delta is about differential privacy, and --defense gaussian.* gives none/],
    [{ dpDelta: 1 }, /dpDelta/],
    [{ dpDelta: 0 }, /dpDelta/],
  ])("is refused before any work: %o", async (more, message) => {
    await expect(plan({ ...images, ...more }, sources, surroundings)).rejects.toThrow(message);
  });
});

describe("a training behind a private defense", () => {
  const training = {
    command: "train",
    data: { set: "gaussian:dimension=4,classes=3", examples: 60, testExamples: 10 },
    client: { model: "mlp:sizes=6,activation=tanh", batch: 4 },
    clients: 3,
    rounds: 3,
    defense: link,
  };

  it("has the ε of each client's own examples, and says what is assumed", async () => {
    const result = (await run(training)) as TrainResult;
    const { rdp, tight } = privacySpent({ multiplier: 0.5, rate: 4 / 20, steps: 3 }, 1e-5);
    expect(result.privacy).toMatchObject({ ...stated, samplingRate: 0.2, steps: 3, dpDelta: 1e-5, rdp, tight });
    expect(result.privacy!.assumptions.join(" ")).toMatch(/Poisson sampling is assumed.*passes over shuffled examples/);
    expect(trainReport({ result })).toMatch(/Differential privacy[\s\S]*Poisson sampling is assumed/);
  });

  it("counts the rounds of the client that took part most often, and examples that a batch holds several times", async () => {
    const result = (await run({ ...training, clients: 20, taking: 7, rounds: 4 })) as TrainResult;
    // Each client has three examples, and a batch four.
    expect(result.privacy).toMatchObject({ multiplier: 0.25, sensitivity: 4, samplingRate: 1 });
    expect(result.privacy!.steps).toBeGreaterThanOrEqual(2);
    expect(result.privacy!.steps).toBeLessThanOrEqual(4);
    expect(result.privacy!.assumptions.join(" ")).toMatch(/one example is in a batch up to 2 times/);
  });

  it("warns of a δ above 1/n, says why noise without a clip has no ε, and refuses to invent one", async () => {
    const large = (await run({ ...training, dpDelta: 0.06 })) as TrainResult;
    expect(large.notes.join(" ")).toMatch(/Warning: dpDelta is 0\.06, more than 1\/n for n = 20 examples/);
    const noisy = (await run({ ...training, defense: "gaussian" })) as TrainResult;
    expect(noisy.privacy).toBeUndefined();
    expect(noisy.notes.join(" ")).toMatch(/No ε is reported behind gaussian.*clip of each example's gradient/);
    for (const defense of ["gaussian", "none", "dp-sgd:norm=Infinity"])
      await expect(plan({ ...training, defense, dpDelta: 1e-5 }, sources, surroundings)).rejects.toThrow(
        /--dp-delta is about differential privacy/,
      );
  });
});

it("an attack reports the ε of one update, and only behind a private defense", async () => {
  const attack = {
    command: "attack",
    data: { set: "shapes", images: [0] },
    client: { model: "mlp:sizes=4" },
    attack: "inverting-gradients:steps=2",
    adaptive: false,
  };
  const result = (await run({ ...attack, defense: link, dpDelta: 1e-4 })) as Result;
  const { rdp, tight } = privacySpent({ multiplier: 0.5, rate: 1, steps: 1 }, 1e-4);
  expect(result.privacy).toMatchObject({ ...stated, samplingRate: 1, steps: 1, dpDelta: 1e-4, rdp, tight });
  expect(((await run({ ...attack, defense: "gaussian" })) as Result).privacy).toBeUndefined();
  await expect(plan({ ...attack, dpDelta: 1e-4 }, sources, surroundings)).rejects.toThrow(/--dp-delta is about differential privacy/);
});
