import pc from "picocolors";
import { attacks } from "../attacks/index.ts";
import {
  type AttackRun,
  type AttackSpec,
  attackChunk,
  attackSpec,
  chunksOf,
  examplesOf,
  type ImageResult,
  meanImage,
  measuredIn,
  modelFor,
  nearestPublic,
  parseSpec,
  rehearse,
  requireStatistics,
  resultOf,
} from "../audit/index.ts";
import { defenses } from "../defenses/index.ts";
import { encodePng, writeSafetensors } from "../formats/index.ts";
import { models } from "../models/index.ts";
import { format, specHash } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { conclude, tellImage } from "./conclude.ts";
import { type Console, consoleFor } from "./console.ts";
import { type DataFlags, dataSpec, dataWords, openData } from "./data.ts";
import { type AttackFlags, places, wholeNumber } from "./flags.ts";
import { ResultFolder } from "./folder.ts";
import { completed, drive, machineOf, scoreOf, weightsOf, weightWords } from "./run.ts";
import { quoted } from "./shell.ts";
import { storedChunk } from "./stored-chunk.ts";
import { chosenAttack } from "./tuned.ts";
import { versions } from "./version.ts";

export interface SimulateFlags extends AttackFlags, DataFlags {
  readonly images: string;
  readonly defense: string;
  readonly labels?: "known" | "recovered" | "joint";
  readonly lanes: string;
  readonly saveUpdate?: boolean;
}

/** `gradleak attack`. */
export async function attack(flags: SimulateFlags): Promise<void> {
  const tell = consoleFor(flags.json === true);
  const machine = await machineOf(flags);
  // All that can be wrong is said before any work starts.
  const parts = { model: models.parse(flags.model), ...(await chosenAttack(flags)), defense: defenses.parse(flags.defense) };
  const images = places(flags.images, "--images");
  const opened = await openData(flags);
  const { dataset, publicSet } = opened;
  for (const index of images) dataset.example(index);
  const model = modelFor({ client: { model: parts.model } }, { ...dataset, classes: dataset.classes.length });
  const seed = wholeNumber(flags.seed, "--seed", 0);
  const { weights, recorded, notes: aboutWeights } = await weightsOf(flags, model, seed);
  const spec = parseSpec(attackSpec, {
    data: { ...dataSpec(flags, opened, images), images },
    client: {
      model: parts.model,
      ...recorded,
      mode: flags.mode,
      batch: wholeNumber(flags.batch, "--batch", 1, 4096),
    },
    defense: parts.defense,
    attack: parts.attack,
    ...(parts.tuned.length === 0 ? {} : { tuned: parts.tuned }),
    ...(flags.prior === undefined ? {} : { prior: priors.parse(flags.prior) }),
    labels: flags.labels ?? attacks.build(parts.attack).labels ?? "known",
    score: scoreOf(flags, dataset.shape),
    lanes: wholeNumber(flags.lanes, "--lanes", 1, 4096),
    seed,
  });
  const chunks = chunksOf(spec);
  const examples = publicSet && examplesOf(publicSet);
  requireStatistics(spec, model, examples);
  rehearse(spec, model, weights, examples);
  const hash = specHash(spec);
  const folder = await ResultFolder.open(flags.out ?? `out/attack-${hash.slice(0, 12)}`, hash, spec);
  const baselines = publicSet
    ? { meanImage: meanImage(publicSet) }
    : { gray: new Float32Array(dataset.shape.reduce((a, b) => a * b)).fill(0.5) };
  const neighbors = publicSet ? { nearestPublic: nearestPublic(publicSet, measuredIn(spec, model)) } : {};
  tell.event("start", { specHash: hash, images: images.length });
  tell.line(
    `${pc.bold("gradleak")} attacks ${images.length} ${images.length === 1 ? "image" : "images"} of ${flags.data} behind ${format(parts.defense)} on ${format(parts.model)}`,
  );
  const known = { spec, dataset, weights, baselines, ...neighbors, machine, ...(examples ? { examples } : {}) };
  const run = await completed<AttackRun>(tell, known);
  const all: ImageResult[] = [];
  for (const [i, chunk] of chunks.entries()) all.push(...(await finishedChunk(tell, folder, run, chunk, i, flags.saveUpdate === true)));
  const notes = [...dataset.notes, ...aboutWeights];
  await conclude(tell, folder, resultOf("attack", spec, model, all, versions, notes, examples), reproduce(flags, spec));
  if (flags.data === "shapes") tell.line(next);
}

/** What to try after the pictures that ship. */
const next = `
Try next, on real pictures:
  gradleak data fetch cifar10
  gradleak attack --data cifar10 --images 0-3 --model convbig --attack inverting-gradients:steps=1000,tv=4e-4,tvNorm=squared
  gradleak attack --data YOUR_FOLDER --images 0-3 --model convbig --attack inverting-gradients --defense gaussian:sigma=0.01
(in a clone of the repository, gradleak is: node dist/cli/main.js)`;

/** What the server saw, by the index of the update's first image: parameters by name, and what the defense published beside them (`mask<place>.<parameter>`). */
const updateFile = (index: number): string => `update-${index}.safetensors`;

/** A chunk's images: from its file where an earlier run finished it, else attacked now. */
async function finishedChunk(
  tell: Console,
  folder: ResultFolder,
  run: AttackRun,
  chunk: readonly (readonly number[])[],
  i: number,
  saveUpdate: boolean,
): Promise<readonly ImageResult[]> {
  const file = `chunks/${i}.json`;
  const updates = saveUpdate ? chunk.map(([first]) => updateFile(first!)) : [];
  const stored = await storedChunk(folder, file, chunk.flat(), updates);
  if (stored) {
    for (const image of stored.images) tellImage(tell, image, stored.pictures);
    return stored.images;
  }
  const part = chunk.flat().length === 1 ? `image ${chunk[0]![0]}` : `images ${chunk.flat().join(", ")}`;
  const made = await drive(tell, part, attackChunk(run, chunk));
  for (const [name, picture] of made.pictures) await folder.write(name, encodePng(picture));
  if (saveUpdate)
    for (const [index, tensors] of made.updates)
      await folder.write(
        updateFile(index),
        writeSafetensors(new Map([...tensors].map(([name, { shape, data }]) => [name, { dtype: "F32", shape, data }]))),
      );
  await folder.write(file, JSON.stringify(made.images));
  for (const image of made.images) tellImage(tell, image, made.pictures);
  return made.images;
}

/** The command that makes this result again. */
function reproduce(flags: SimulateFlags, spec: AttackSpec): string {
  const words = [
    "gradleak attack",
    ...dataWords(flags),
    "--images",
    flags.images,
    "--model",
    quoted(format(spec.client.model)),
    ...weightWords(flags, spec.client),
    "--mode",
    spec.client.mode,
    "--batch",
    String(spec.client.batch),
    "--defense",
    quoted(format(spec.defense)),
    ...(flags.tuned === undefined ? ["--attack", quoted(format(spec.attack))] : ["--tuned", quoted(flags.tuned)]),
    ...(spec.prior === undefined ? [] : ["--prior", quoted(format(spec.prior))]),
    "--labels",
    spec.labels,
    "--delta",
    String(spec.score.delta),
    "--delta-space",
    spec.score.deltaSpace,
    "--lanes",
    String(spec.lanes),
    "--seed",
    String(spec.seed),
  ];
  return words.join(" ");
}
