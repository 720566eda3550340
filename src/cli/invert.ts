import { attacks } from "../attacks/index.ts";
import { type ImageResult, invertSpec, invertUpdate, modelFor, parseSpec, rehearseInversion, resultOf } from "../audit/index.ts";
import { publishedIn } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { encodePng } from "../formats/index.ts";
import { matchTensors, models } from "../models/index.ts";
import { readPicture } from "../node.ts";
import { format, specHash } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { conclude, tellImage } from "./conclude.ts";
import { consoleFor } from "./console.ts";
import { type AttackFlags, extents, perChannel, places, wholeNumber } from "./flags.ts";
import { ResultFolder } from "./folder.ts";
import { drive, machineOf, scoreOf, weightsOf } from "./run.ts";
import { quoted } from "./shell.ts";
import { readTensors } from "./tensors.ts";
import { chosenAttack } from "./tuned.ts";
import { versions } from "./version.ts";

export interface InvertFlags extends AttackFlags {
  readonly update: string;
  readonly classes: string;
  readonly inputShape: string;
  readonly mean?: string;
  readonly std?: string;
  readonly labels?: string;
  readonly truth?: readonly string[];
}

/** Labels of a batch: classes, or how the attack comes by them. */
function labelsOf(text: string | undefined, batch: number, classes: number, own: "recovered" | "joint" | undefined) {
  if (text === undefined || text === "recovered" || text === "joint")
    return { labels: (text as "recovered" | "joint" | undefined) ?? own ?? (batch === 1 ? "recovered" : "joint") };
  const knownLabels = places(text, "--labels");
  if (knownLabels.length !== batch)
    throw new LeakageError("spec", `--labels names ${knownLabels.length} classes for a batch of ${batch}; give one an image.`);
  const wrong = knownLabels.find((label) => label >= classes);
  if (wrong !== undefined)
    throw new LeakageError("spec", `--labels: class ${wrong} is not among 0 … ${classes - 1} (--classes ${classes}).`);
  return { labels: "known" as const, knownLabels };
}

/** `gradleak invert`: the attack of `gradleak attack`, on an update that came from elsewhere. */
export async function invert(flags: InvertFlags): Promise<void> {
  const tell = consoleFor(flags.json === true);
  const machine = await machineOf(flags);
  const parts = { model: models.parse(flags.model), ...(await chosenAttack(flags)) };
  const shape = extents(flags.inputShape, "--input-shape", 3) as [number, number, number];
  const input = {
    shape,
    classes: wholeNumber(flags.classes, "--classes", 2, 65_536),
    mean: perChannel(flags.mean, "--mean", { channels: shape[0], otherwise: 0, least: -1e6, most: 1e6 }),
    std: perChannel(flags.std, "--std", { channels: shape[0], otherwise: 1, least: 1e-6, most: 1e6 }),
  };
  const batch = wholeNumber(flags.batch, "--batch", 1, 4096);
  const model = modelFor({ client: { model: parts.model } }, input);
  const seed = wholeNumber(flags.seed, "--seed", 0);
  const { weights, recorded, notes: aboutWeights } = await weightsOf(flags, model, seed);
  const { tensors, sha256 } = await readTensors(flags.update);
  const { update: sent, open } = publishedIn(model.parameters, tensors, flags.update);
  const update = new Map([...matchTensors(model.parameters, sent, flags.update)].map(([name, { data }]) => [name, data]));
  const spec = parseSpec(invertSpec, {
    update: { sha256 },
    input,
    client: {
      model: parts.model,
      ...recorded,
      mode: flags.mode,
      batch,
    },
    attack: parts.attack,
    ...(parts.tuned.length === 0 ? {} : { tuned: parts.tuned }),
    ...(flags.prior === undefined ? {} : { prior: priors.parse(flags.prior) }),
    ...labelsOf(flags.labels, batch, input.classes, attacks.build(parts.attack).labels),
    score: scoreOf(flags, shape),
    seed,
  });
  if (flags.truth && flags.truth.length !== batch)
    throw new LeakageError("spec", `--truth names ${flags.truth.length} pictures for a batch of ${batch}; give one an image.`);
  const truth = flags.truth && (await Promise.all(flags.truth.map((path) => readPicture(path, shape))));
  rehearseInversion(spec, model, weights, open);
  const hash = specHash(spec);
  const folder = await ResultFolder.open(flags.out ?? `out/invert-${hash.slice(0, 12)}`, hash, spec);
  tell.event("start", { specHash: hash, images: batch });
  tell.line(`gradleak inverts ${flags.update} on ${format(parts.model)}`);
  const made = await drive(tell, "update", invertUpdate({ spec, weights, update, open, machine, ...(truth ? { truth } : {}) }));
  for (const [name, picture] of made.pictures) await folder.write(name, encodePng(picture));
  made.images.forEach((image: ImageResult) => {
    tellImage(tell, image, made.pictures);
  });
  const notes =
    recorded.weights.kind === "file"
      ? [...aboutWeights]
      : [
          "No --weights were given: the network's weights were drawn from the seed, and the update fits them only if its client did the same.",
        ];
  if (open.size > 0) notes.push(`The attacker was given what the client published beside its update: ${[...open.keys()].join(", ")}.`);
  const given = process.argv.slice(2).map(quoted);
  await conclude(tell, folder, resultOf("invert", spec, model, made.images, versions, notes), `gradleak ${given.join(" ")}`);
}
