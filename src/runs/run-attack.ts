import {
  changeNote,
  defaultDpDelta,
  dpDeltaNotes,
  drawKey,
  factsAt,
  foundByNotes,
  givenOf,
  gray,
  type Machine,
  meanGuess,
  mixingNotes,
  nearestPublic,
  privacyOfOne,
  specFieldsOf,
  trueLawOf,
} from "../audit/index.ts";
import { bareResidual, changesImages, privacyOf, residualBehind } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { encodePng, type RasterImage, writeSafetensors } from "../formats/index.ts";
import type { NamedNumbers } from "../graph/index.ts";
import { imageShape } from "../metrics/index.ts";
import { keyFromSeed } from "../random/index.ts";
import {
  diagnose,
  explainer,
  labelingOf,
  laneOf,
  measuredIn,
  type NamedAttack,
  padded,
  pixelsOfLane,
  privateBatches,
  reconstruct,
  simulate,
} from "../scenario/index.ts";
import type { ImageResult, Result } from "./attack-result.ts";
import { type AttackSpec, updatesOf } from "./attack-spec.ts";
import type { RunEvent, Surroundings } from "./events.ts";
import { type Attacker, adaptiveSummary, faintNotes, results, type Scoring, summary, tellingNotes } from "./image-results.ts";
import { hardlySays, isSilent } from "./information.ts";
import type { Realized, RealizedUpdate } from "./realize.ts";
import type { Store } from "./store.ts";
import { storedChunk } from "./stored-chunk.ts";

/** The file of what the server saw, by the position of the update's first image. */
const updateFile = (index: number): string => `update-${index}.safetensors`;

/** The file of the client's weights, which an inversion of its updates needs. */
const weightsFile = "weights.safetensors";

/** A finished part of a run: the images of updates that were attacked together. */
interface Finished {
  readonly images: readonly ImageResult[];
  /** The images by file name. */
  readonly rasters: ReadonlyMap<string, RasterImage>;
  /** What the server saw, by file name. */
  readonly updates: ReadonlyMap<string, NamedNumbers>;
}

/**
 * Attacks chosen images, part by part. Parts that the store has are not attacked again.
 *
 * @param saveUpdates whether what the server saw is kept as well: the weights and the updates.
 * @param remarks what a reader must know about the updates; see {@link requireInformation}.
 */
export async function* runAttack(
  realized: Realized<AttackSpec>,
  store: Store,
  surroundings: Surroundings,
  { saveUpdates = false, remarks = [] }: { readonly saveUpdates?: boolean; readonly remarks?: readonly string[] } = {},
): AsyncGenerator<RunEvent, Result> {
  const { spec, data, publicData, scenarios, weights, notes } = realized;
  const scenario = scenarios[0]!;
  const measured = measuredIn(scenario);
  const scoring: Scoring = {
    shape: imageShape(data.shape),
    measured,
    delta: scenario.score.delta,
    baselines: publicData ? [meanGuess(publicData)] : [gray(data.shape.reduce((a, b) => a * b))],
    ...(publicData ? { nearestPublic: nearestPublic(publicData, measured) } : {}),
  };
  if (saveUpdates && (await store.read(weightsFile)) === undefined) await store.write(weightsFile, safetensorsOf(weights));
  const all: ImageResult[] = [];
  const others: ImageResult[] = [];
  for (const sentence of remarks) yield { kind: "remark", sentence };
  for (const [i, part] of updatesOf(spec).entries()) {
    let sent: Sent | undefined;
    for (const attack of scenario.attacks) {
      const folder = attack.adaptive ? "adaptive/" : "";
      const file = `chunks/${folder}${i}.json`;
      const saved = saveUpdates && !attack.adaptive;
      const kept = await storedChunk(store, file, part.flat(), saved ? part.map(([first]) => updateFile(first!)) : []);
      let finished = kept;
      if (!finished) {
        sent ??= await sentBy(realized, part, surroundings.machine);
        const made = yield* attackPart(realized, scoring, { part, sent, attack, folder }, surroundings);
        await keep(store, made, saved);
        await store.write(file, JSON.stringify(made.images));
        finished = made;
      }
      yield { kind: "images", images: finished.images, rasters: finished.rasters, ...(attack.adaptive ? { adaptive: true } : {}) };
      (attack.adaptive ? others : all).push(...finished.images);
    }
  }
  const attack = scenario.attacks[0]!;
  const given = privacyOf(scenario.defense);
  const privacy = "reason" in given ? undefined : privacyOfOne(given, spec.dpDelta ?? defaultDpDelta);
  const beside = scenario.attacks.find(({ adaptive }) => adaptive);
  const images = [...all, ...others];
  return {
    format: "gradleak-result-3",
    command: "attack",
    ...specFieldsOf(spec, surroundings.versions),
    assumptions: { ...attack.assumes, ...givenOf(scenario), defense: scenario.defense.name, trueLaw: trueLawOf(scenario) },
    images,
    summary: summary(all, scenario.labels),
    ...(beside ? { adaptive: adaptiveSummary(beside, others, all) } : {}),
    ...(privacy ? { privacy } : {}),
    notes: [
      ...notes,
      ...(privacy ? dpDeltaNotes(privacy.dpDelta, scenario.batchSize) : []),
      ...(changesImages(scenario.defense) ? [changeNote(scenario.defense.name)] : []),
      ...faintNotes(images),
      ...remarks,
      ...tellingNotes(images),
      ...mixingNotes(attack.name, all),
      ...foundByNotes(attack.name, all),
    ],
  };
}

/**
 * Looks for updates that say nothing about their images, before any of them is attacked.
 *
 * @returns sentences about updates that say hardly anything.
 * @throws LeakageError `spec` for updates that are zero everywhere.
 */
export async function requireInformation(realized: Realized<AttackSpec>, { machine }: Surroundings): Promise<readonly string[]> {
  const { model } = realized.scenarios[0]!.client;
  const silent: number[] = [];
  const remarks: string[] = [];
  for (const part of updatesOf(realized.spec)) {
    const { received } = await sentBy(realized, part, machine);
    for (const [lane, indices] of part.entries()) {
      const update = laneOf(received, lane);
      const images = `${indices.length === 1 ? "image" : "images"} ${indices.join(", ")}`;
      if (isSilent(model, update)) silent.push(...indices);
      const little = hardlySays(model, update);
      if (little) remarks.push(`The update of ${images} ${little}.`);
    }
  }
  if (silent.length === 0) return remarks;
  throw new LeakageError(
    "spec",
    `The update of image ${silent.join(", ")} is zero everywhere: it says nothing, so nothing can be attacked. (The network is certain of the class, or the defense sends nothing.) Leave such images out, or take other weights or another size.`,
  );
}

/** What the server receives of one part, and the private batches behind it. */
type Sent = Awaited<ReturnType<typeof sentBy>>;

async function sentBy({ spec, data, scenarios }: Realized<AttackSpec>, part: readonly (readonly number[])[], machine: Machine) {
  const scenario = scenarios[0]!;
  const { client, batchSize } = scenario;
  const examples = part.map((indices) => indices.map((index) => data.example(index)));
  // A short part is padded, so that its numbers are those of a whole one.
  const lanes = Math.min(spec.lanes, spec.data.images.length / batchSize);
  const root = keyFromSeed(spec.seed);
  const keys = (name: "noise" | "attack") => padded(part, lanes).map(([first]) => drawKey(root, name, first!));
  const held = privateBatches(padded(examples, lanes), client);
  return { examples, lanes, keys, held, received: await simulate(scenario, held, keys("noise"), machine) };
}

async function keep(store: Store, { rasters, updates }: Finished, saveUpdates: boolean): Promise<void> {
  for (const [name, raster] of rasters) await store.write(name, encodePng(raster));
  if (!saveUpdates) return;
  for (const [name, tensors] of updates) await store.write(name, safetensorsOf(tensors));
}

/** Tensors as the bytes of a safetensors file. */
export const safetensorsOf = (tensors: NamedNumbers): Uint8Array =>
  writeSafetensors(new Map([...tensors].map(([name, { shape, data }]) => [name, { dtype: "F32", shape, data }])));

/** One attack on what the server received of one part. */
interface Assault {
  readonly part: readonly (readonly number[])[];
  readonly sent: Sent;
  readonly attack: NamedAttack;
  /** The folder of its images. */
  readonly folder: Attacker["folder"];
}

/**
 * Attacks the updates of one part: reconstructs the images and scores them. Draws follow from the
 * seed and the image's position alone.
 */
async function* attackPart(
  realized: Realized<AttackSpec>,
  scoring: Scoring,
  { part, sent: { examples, lanes, keys, held, received }, attack, folder }: Assault,
  { machine }: Surroundings,
): AsyncGenerator<RunEvent, Finished> {
  const { spec, data, scenarios } = realized;
  const scenario = scenarios[0]!;
  const { batchSize } = scenario;
  const began = machine.clock();
  const seen = { rounds: [received], lanes, batchSize, labels: held.y };
  const running = reconstruct({ attack, ...labelingOf(scenario), seen, keys: keys("attack"), options: machine });
  let made = await running.next();
  for (; !made.done; made = await running.next()) yield { kind: "attacking", images: part.flat(), tick: made.value };
  const seconds = (machine.clock() - began) / examples.flat().length;
  const measured = explainer(residualBehind(scenario.defense, received.client.model), machine);
  const asked = { attack, seen, keys: keys("attack"), made: made.value, truth: received.batches, explainer: measured, options: machine };
  const diagnoses = await diagnose(asked);
  await measured.dispose();
  const images: ImageResult[] = [];
  const rasters = new Map<string, RasterImage>();
  const seenAt = (lane: number) => ({ transformed: pixelsOfLane(received.batches, lane, received.client.model) });
  const firstUpdate = spec.data.images.indexOf(part[0]![0]!) / batchSize;
  for (const [lane, own] of examples.entries()) {
    const truth = {
      indices: part[lane]!,
      images: own.map(({ image }) => image),
      ...(changesImages(scenario.defense) ? seenAt(lane) : {}),
      labels: own.map(({ label }) => label),
      classNames: own.map(({ label }) => data.classes[label]!),
    };
    const by = { name: attack.name, aim: attack.aim, folder, facts: factsAt(received.facts, lane) };
    const scored = results(truth, made.value[lane]!, diagnoses[lane]!, firstUpdate + lane, seconds, scoring, by);
    images.push(...scored.images);
    for (const [name, raster] of scored.rasters) rasters.set(name, raster);
  }
  return { images, rasters, updates: new Map(part.map(([first], lane) => [updateFile(first!), laneOf(received, lane)])) };
}

/**
 * Attacks one update from a file.
 *
 * @param truth the originals in pixel space, if the user has them for comparison. The attack does
 * not see them.
 */
export async function* runInvert(
  { spec, scenario, seen, notes }: RealizedUpdate,
  store: Store,
  { machine, versions }: Surroundings,
  truth?: readonly Float32Array[],
): AsyncGenerator<RunEvent, Result> {
  for (const sentence of notes) yield { kind: "remark", sentence };
  const indices = Array.from({ length: scenario.batchSize }, (_, i) => i);
  const file = "chunks/0.json";
  const kept = await storedChunk(store, file, indices, []);
  if (kept) yield { kind: "images", ...kept };
  let images = kept?.images;
  if (!images) {
    const began = machine.clock();
    const attack = scenario.attacks[0]!;
    const keys = [drawKey(keyFromSeed(spec.seed), "attack", 0)];
    const running = reconstruct({ attack, ...labelingOf(scenario), seen, keys, options: machine });
    let made = await running.next();
    for (; !made.done; made = await running.next()) yield { kind: "attacking", images: indices, tick: made.value };
    const scoring: Scoring = {
      shape: imageShape(spec.input.shape),
      measured: measuredIn(scenario),
      delta: scenario.score.delta,
      baselines: [gray(spec.input.shape.reduce((a, b) => a * b))],
    };
    const known = spec.knownLabels ? { labels: spec.knownLabels } : {};
    const seconds = (machine.clock() - began) / scenario.batchSize;
    const measured = explainer(bareResidual, machine);
    const [diagnosis] = await diagnose({ attack, seen, keys, made: made.value, explainer: measured, options: machine });
    await measured.dispose();
    const by = { name: attack.name, folder: "" } as const;
    const scored = results({ indices, ...(truth ? { images: truth } : {}), ...known }, made.value[0]!, diagnosis!, 0, seconds, scoring, by);
    await keep(store, { ...scored, updates: new Map() }, false);
    await store.write(file, JSON.stringify(scored.images));
    yield { kind: "images", images: scored.images, rasters: scored.rasters };
    images = scored.images;
  }
  return {
    format: "gradleak-result-3",
    command: "invert",
    ...specFieldsOf(spec, versions),
    assumptions: { ...scenario.attacks[0]!.assumes, ...givenOf(scenario), defense: null, trueLaw: null },
    images: [...images],
    summary: summary(images, scenario.labels),
    notes: [
      ...notes,
      ...faintNotes(images),
      ...tellingNotes(images),
      ...mixingNotes(scenario.attacks[0]!.name, images),
      ...foundByNotes(scenario.attacks[0]!.name, images),
    ],
  };
}
