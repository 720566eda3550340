import { z } from "zod";
import { type Setting as AttackSetting, attacks } from "../../attacks/index.ts";
import { drawKey } from "../../audit/index.ts";
import { shapesSet } from "../../data/index.ts";
import { defenses, lawOf } from "../../defenses/index.ts";
import { defaultDelta, distance, psnr } from "../../metrics/index.ts";
import { models, toPixelSpace } from "../../models/index.ts";
import { concise, format, nested } from "../../parts/index.ts";
import { priors } from "../../priors/index.ts";
import { type KeyBits, keyFromSeed } from "../../random/index.ts";
import { examplesOf, type NamedPrior, privateBatches, requireScenario, type Scenario, simulate, type Tick } from "../../scenario/index.ts";
import { drawnClient } from "../drawn-client.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import { kept } from "../kept.ts";
import { bytesOf, pngFilesSchema, pngOf } from "../png-files.ts";
import { type Figure1Result, figure1Schema } from "./figure-1-result.ts";
import { project } from "./projection.ts";

const params = {
  image: z.int().nonnegative().default(0).describe("Place in the test split of shapes."),
  model: nested("model", () => models)
    .prefault("mlp:sizes=1024")
    .describe("The network, with weights drawn from the seed."),
  defense: nested("defense", () => defenses)
    .prefault("gaussian:sigma=0.002")
    .describe("What the client does to its update."),
  attack: nested("attack", () => attacks)
    .prefault("bayes:samples=8,steps=400,gamma=0.99")
    .describe("The adversary."),
  prior: nested("prior", () => priors)
    .prefault("tv:weight=1000")
    .describe("What the adversary takes for p(x), where it leaves that open."),
  delta: z
    .union([z.literal("default"), z.number().positive()])
    .default("default")
    .describe("Radius of the ball, in pixel space; by default an RMSE of 0.1 a pixel."),
  snapshots: z.int().min(2).max(24).default(6).describe("Images of the path."),
} as const;

type Figure1Params = z.output<z.ZodObject<typeof params>>;

/**
 * Figure 1 of the paper: an adversary's path from a random image to its answer, with the ball
 * around it.
 */
export const figure1 = experiment({
  kind: "figure-1",
  doc: "Figure 1: the path of an adversary on one image, with the ball in which its answer counts.",
  params,
  result: figure1Schema,
  build: (given) => {
    shapesSet("test").example(given.image);
    return { run: (run) => figure1Of(given, run) };
  },
});

async function* figure1Of(given: Figure1Params, run: ExperimentRun): AsyncGenerator<Tick, Finding<Figure1Result>> {
  const scenario = scenarioOf(given, keyFromSeed(run.spec.seed));
  requireScenario(scenario);
  const { files, ...followed } = yield* kept(run, "path", finished, () => follow(given, scenario, run));
  const { index, label } = shapesSet("test").example(given.image);
  const { delta } = scenario.score;
  return {
    images: new Map(bytesOf(files)),
    result: {
      ...headOf("figure-1", run),
      image: { index, label, className: shapesSet("test").classes[label]! },
      assumes: scenario.attacks[0]!.assumes,
      delta,
      recovered: followed.path.at(-1)!.distance <= delta,
      shown: followed.shown,
      path: followed.path,
      files: { original: "original.png", snapshots: followed.snapshots },
      notes: ["The label is given. The network is untrained; trained networks leak less."],
    },
  };
}

/** The client, its defense and the adversary. */
function scenarioOf({ model: network, defense, attack, prior: stated, delta }: Figure1Params, root: KeyBits): Scenario {
  const data = shapesSet("test");
  const radius = delta === "default" ? defaultDelta(data.shape) : delta;
  const named = { name: format(defense), ...defenses.build(defense) };
  const declared = attacks.build(attack);
  const examples = examplesOf(shapesSet("train"));
  const prior: NamedPrior = { prior: priors.build(stated, { examples }), name: format(stated) };
  const setting: AttackSetting = {
    law: lawOf(named),
    examples,
    radius: { radius, space: "pixel" },
    ...(declared.fixesPrior ? {} : { prior }),
  };
  return {
    network: concise(models, network),
    client: drawnClient(network, data, root),
    batchSize: 1,
    defense: named,
    attacks: [{ name: concise(attacks, attack), ...declared.build(setting) }],
    labels: "known",
    score: { delta: radius, deltaSpace: "pixel" },
  };
}

/** What the experiment keeps: the path, and images of it. */
const finished = z.strictObject({
  path: figure1Schema.shape.path,
  shown: figure1Schema.shape.shown,
  snapshots: figure1Schema.shape.files.shape.snapshots,
  files: pngFilesSchema,
});

/** Follows the adversary from its start to its answer. */
async function* follow(
  { image: place, snapshots: wanted }: Figure1Params,
  scenario: Scenario,
  { spec, machine }: ExperimentRun,
): AsyncGenerator<Tick, z.output<typeof finished>> {
  const data = shapesSet("test");
  const example = data.example(place);
  const { image } = example;
  const own = (name: "noise" | "attack") => drawKey(keyFromSeed(spec.seed), name, place);
  const held = privateBatches([[example]], scenario.client);
  const received = await simulate(scenario, held, [own("noise")], machine);
  const iterates: Float32Array[] = [];
  const moments: Omit<Figure1Result["path"][number], "at">[] = [];
  const seen = { rounds: [received], lanes: 1, batchSize: 1, labels: held.y };
  for await (const progress of scenario.attacks[0]!.reconstruct(seen, [own("attack")], machine)) {
    const [lane] = progress.lanes();
    const { steps, objective } = lane!;
    yield { step: progress.step, of: progress.of, objective: () => objective };
    // L-BFGS evaluates several points a step: the last one counts.
    if (moments.at(-1)?.step === steps) {
      moments.pop();
      iterates.pop();
    }
    if (steps === 0) continue;
    const pixels = toPixelSpace(progress.inputs(), scenario.client.model.normalization);
    iterates.push(pixels);
    moments.push({ step: steps, objective, distance: distance(image, pixels, data.shape), psnr: psnr(image, pixels) });
  }
  const { points, shown } = project(iterates, image);
  const chosen = spread(moments.length, wanted).map((at) => ({ at, step: moments[at]!.step, file: `step-${moments[at]!.step}.png` }));
  return {
    path: moments.map((moment, i) => ({ ...moment, at: [points[i]![0], points[i]![1]] })),
    shown,
    snapshots: chosen.map(({ step, file }) => ({ step, file })),
    files: Object.fromEntries([
      ["original.png", pngOf(image, data.shape)],
      ...chosen.map(({ at, file }) => [file, pngOf(iterates[at]!, data.shape)]),
    ]),
  };
}

/** Places from the first to the last, in about equal ratios of their number. */
function spread(count: number, wanted: number): number[] {
  const places = Array.from({ length: wanted }, (_, i) => Math.round(count ** (i / (wanted - 1))) - 1);
  return [...new Set(places)];
}
