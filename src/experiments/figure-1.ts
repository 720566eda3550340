import { z } from "zod";
import { attacks } from "../attacks/index.ts";
import { attackOf, modelFor, oneHot, simulate, streamKey, type Tick, toModelSpace, toPicture, toPixelSpace } from "../audit/index.ts";
import { client } from "../client/index.ts";
import { shapes } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import type { Picture } from "../formats/index.ts";
import { defaultDelta, distance, psnr } from "../metrics/index.ts";
import { initialWeights, models } from "../models/index.ts";
import { nested, part } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { keyFromSeed } from "../random/index.ts";
import type { Experiment, ExperimentRun, Finding } from "./experiment.ts";
import { project } from "./projection.ts";
import { headOf } from "./result.ts";

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
  snapshots: z.int().min(2).max(24).default(6).describe("Pictures of the path."),
} as const;

type Figure1Params = z.output<z.ZodObject<typeof params>>;

/** Figure 1 of the paper: an adversary's path from a random image to its answer, with the ball around it. */
export const figure1 = part({
  kind: "figure-1",
  doc: "Figure 1: the path of an adversary on one image, with the ball in which its answer counts.",
  params,
  build: (given): Experiment => {
    shapes("test").example(given.image);
    return { run: (run) => figure1Of(given, run) };
  },
});

async function* figure1Of(given: Figure1Params, { spec, versions, machine }: ExperimentRun): AsyncGenerator<Tick, Finding> {
  const data = shapes("test");
  const { index, image, label } = data.example(given.image);
  const delta = given.delta === "default" ? defaultDelta(data.shape) : given.delta;
  const model = modelFor({ client: given }, { ...data, classes: data.classes.length });
  const key = keyFromSeed(spec.seed);
  const one = client({ model, weights: initialWeights(model, streamKey(key, "weights", 0)) });
  const attack = attackOf(
    {
      attack: given.attack,
      client: { model: given.model, weights: { kind: "initial" }, mode: "eval", batch: 1, loss: "cross-entropy" },
      defense: given.defense,
      ...(attacks.build(given.attack).fixesPrior ? {} : { prior: given.prior }),
      labels: "known",
      score: { delta, deltaSpace: "pixel" },
    },
    model,
  );
  const labels = oneHot([label], one);
  const batch = { lanes: 1, batchSize: 1, x: toModelSpace(image, model.normalization), y: labels };
  const received = await simulate(one, defenses.build(given.defense), batch, [streamKey(key, "noise", index)], machine);
  const iterates: Float32Array[] = [];
  const found: { readonly step: number; readonly objective: number | null; readonly distance: number; readonly psnr: number }[] = [];
  for await (const progress of attack.reconstruct(
    { client: one, lanes: 1, batchSize: 1, ...received, labels },
    [streamKey(key, "start", index)],
    machine,
  )) {
    const pixels = toPixelSpace(progress.pictures(), model.normalization);
    const { objective } = progress.lanes[0]!;
    yield { step: progress.step, of: progress.of, objective };
    // L-BFGS evaluates several points a step: the last one counts.
    if (found.at(-1)?.step === progress.lanes[0]!.steps) {
      found.pop();
      iterates.pop();
    }
    if (progress.lanes[0]!.steps === 0) continue;
    iterates.push(pixels);
    found.push({
      step: progress.lanes[0]!.steps,
      objective: Number.isFinite(objective) ? objective : null,
      distance: distance(image, pixels, data.shape),
      psnr: psnr(image, pixels),
    });
  }
  const { points, shown } = project(iterates, image);
  const pictures = new Map<string, Picture>([["original.png", toPicture(image, data.shape)]]);
  const chosen = spread(found.length, given.snapshots).map((at) => {
    const file = `step-${found[at]!.step}.png`;
    pictures.set(file, toPicture(iterates[at]!, data.shape));
    return { step: found[at]!.step, file };
  });
  return {
    pictures,
    result: {
      ...headOf("figure-1", { spec, versions }),
      image: { index, label, className: data.classes[label]! },
      assumes: attack.assumes,
      delta,
      recovered: found.at(-1)!.distance <= delta,
      shown,
      path: found.map((moment, i) => ({ ...moment, at: [points[i]![0], points[i]![1]] })),
      files: { original: "original.png", snapshots: chosen },
      notes: ["The label is given. The network is untrained; trained networks leak less."],
    },
  };
}

/** Places from the first to the last, in about equal ratios of their number. */
function spread(count: number, wanted: number): number[] {
  const places = Array.from({ length: wanted }, (_, i) => Math.round(count ** (i / (wanted - 1))) - 1);
  return [...new Set(places)];
}
