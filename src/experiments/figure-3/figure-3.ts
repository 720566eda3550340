import { z } from "zod";
import { adapted, attacks } from "../../attacks/index.ts";
import { drawKey, type Facts, factNotes, factsAt } from "../../audit/index.ts";
import { fedSgd } from "../../client/index.ts";
import type { Dataset } from "../../data/index.ts";
import { adaptiveTo, type Defense, defended, defenses, lawOf } from "../../defenses/index.ts";
import { LeakageError } from "../../errors.ts";
import { meanInterval, psnr } from "../../metrics/index.ts";
import { initialWeights, models, type Weights } from "../../models/index.ts";
import { concise, type PartSpec } from "../../parts/index.ts";
import { keyFromSeed, stream } from "../../random/index.ts";
import { taskOf } from "../../runs/index.ts";
import { privateBatches, reconstruct, simulate, type Tick } from "../../scenario/index.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import { kept } from "../kept.ts";
import { bytesOf, pngFilesSchema, pngOf } from "../png-files.ts";
import { within } from "../progress.ts";
import { sourcesOf } from "../sources.ts";
import { train } from "../train.ts";
import { type Figure3Params, figure3Params } from "./figure-3-params.ts";
import { type Figure3Result, figure3Image, figure3Schema } from "./figure-3-result.ts";

/**
 * Figure 3 of the paper: reconstructions beside originals behind Soteria and PRECODE after the 10th
 * step of training, by a plain attack and by the one that was made for the defense.
 */
export const figure3 = experiment({
  kind: "figure-3",
  doc: "Figure 3: reconstructions beside originals behind Soteria and PRECODE, early in training.",
  params: figure3Params,
  result: figure3Schema,
  quick: { images: "3", steps: "150", chunk: "1" },
  build: (given) => ({ run: (run) => figure3Of(given, run) }),
});

/** A defense with a network that it is used on. */
interface Line {
  readonly name: string;
  readonly slug: string;
  readonly network: PartSpec;
  readonly rate: number;
  /** The defense apart from what the network has of it. */
  readonly defense: string;
  /** The kind of the attack that was made for it. */
  readonly plain: PartSpec;
  readonly tailored: PartSpec;
}

function linesOf({ soteria, prune, soteriaRate, precode, precodeRate, steps }: Figure3Params): readonly Line[] {
  // The authors' parameters: squared total variation behind Soteria, as in their copy of the code.
  const squared = attacks.parse(`inverting-gradients:steps=${steps},tv=4e-4,tvNorm=squared`) as PartSpec;
  const plain = attacks.parse(`inverting-gradients:steps=${steps}`) as PartSpec;
  const tailoredTo = (defense: Defense, naive: PartSpec): PartSpec => {
    const made = adapted(naive, adaptiveTo(defense, lawOf(defense)), true);
    if ("attack" in made) return made.attack;
    throw new Error(`this defense names its attack: ${made.reason}`);
  };
  const pruning = `soteria:prune=${prune}`;
  return [
    {
      name: "Soteria",
      slug: "soteria",
      network: soteria as PartSpec,
      rate: soteriaRate,
      defense: pruning,
      plain: squared,
      tailored: tailoredTo(defenses.build(pruning), squared),
    },
    {
      name: "PRECODE",
      slug: "precode",
      network: precode as PartSpec,
      rate: precodeRate,
      defense: "none",
      plain,
      tailored: tailoredTo(defenses.build("precode"), plain),
    },
  ];
}

/** What is kept of some images behind one defense. */
const finished = z.strictObject({
  images: z.array(figure3Image).min(1),
  facts: z.array(z.record(z.string(), z.number())).describe("What the defense did to each update, by its own account."),
  files: pngFilesSchema,
});

async function* figure3Of(given: Figure3Params, run: ExperimentRun): AsyncGenerator<Tick, Finding<Figure3Result>> {
  const set = given.data as PartSpec;
  const data = await sourcesOf(run).dataset(set, "train");
  if (data.shape.length !== 3) throw new LeakageError("spec", `figure-3 shows images, and --data ${data.kind} is a set of vectors.`);
  const root = keyFromSeed(run.spec.seed);
  const examples = Array.from({ length: given.images }, (_, i) => data.example(i));
  const chunks = Array.from(
    { length: Math.ceil(given.images / given.chunk) },
    (_, i) => [i * given.chunk, Math.min(given.images, (i + 1) * given.chunk)] as const,
  );
  const rows: Figure3Result["rows"] = [];
  const told: string[] = [];
  const files: (readonly [string, Uint8Array])[] = [];
  const lines = linesOf(given);
  const of = lines.length * 2 * given.images;
  let before = 0;
  for (const line of lines) {
    const model = models.build(line.network, taskOf(data));
    let trained: Promise<Weights> | undefined;
    const weights = () => {
      trained ??= trainedOn(data, line, given, root, run);
      return trained;
    };
    for (const adaptive of [false, true]) {
      const spec = adaptive ? line.tailored : line.plain;
      const images: z.output<typeof figure3Image>[] = [];
      const facts: Facts[] = [];
      for (const [i, [from, to]] of chunks.entries()) {
        const name = `${line.slug}-${adaptive ? "adaptive" : "plain"}`;
        const made = yield* within(
          inImages(
            kept(run, `${name}-${i}`, finished, async function* () {
              const client = fedSgd({ model, weights: await weights() });
              const defense = defenses.build(line.defense);
              const held = privateBatches(
                examples.slice(from, to).map((example) => [example]),
                client,
              );
              const keys = (purpose: "noise" | "attack") => examples.slice(from, to).map(({ index }) => drawKey(root, purpose, index));
              const received = await simulate({ client, defense }, held, keys("noise"), run.machine);
              const attack = attacks.build(spec).build({ law: lawOf(defense, defended(defense, client).model) });
              const seen = { rounds: [received], lanes: to - from, batchSize: 1, labels: held.y };
              const found = yield* reconstruct({
                attack,
                labels: "known",
                seen,
                keys: keys("attack"),
                options: run.machine,
                history: false,
              });
              const file = (index: number) => `${name}-${index}.png`;
              const facts = found.map((_, lane) => factsAt(received.facts, lane));
              return {
                facts,
                images: found.map(({ images: [own] }, lane) => {
                  const { index, image } = examples[from + lane]!;
                  return { index, file: file(index), psnr: psnr(image, own!) };
                }),
                files: Object.fromEntries(
                  found.map(({ images: [own] }, lane) => [file(examples[from + lane]!.index), pngOf(own!, data.shape)]),
                ),
              };
            }),
            to - from,
          ),
          { before, of },
        );
        before += to - from;
        images.push(...made.images);
        facts.push(...made.facts);
        files.push(...bytesOf(made.files));
      }
      // Both attacks of a line are given the same updates.
      if (!adaptive) told.push(...factNotes(line.defense, facts));
      const decibels = images.map((one) => one.psnr);
      rows.push({
        name: line.name,
        model: concise(models, line.network),
        defense: line.defense,
        attack: concise(attacks, spec),
        adaptive,
        psnr: decibels.length > 1 ? meanInterval([decibels], 0.95) : { estimate: decibels[0]!, lower: null, upper: null },
        images,
      });
    }
  }
  const originals = examples.map(({ index, label, image }) => ({
    index,
    className: data.classes[label]!,
    file: `original-${index}.png`,
    image,
  }));
  return {
    images: new Map([...files, ...bytesOf(Object.fromEntries(originals.map(({ file, image }) => [file, pngOf(image, data.shape)])))]),
    result: {
      ...headOf("figure-3", run),
      trainingSteps: given.trainingSteps,
      originals: originals.map(({ image: _, ...one }) => one),
      rows,
      notes: [
        ...data.notes,
        "Labels are given. The networks are trained by Adam without a defense; the defense acts on what is attacked.",
        "The attack on Soteria is not told which layer is defended. The plain attack compares all tensors.",
        ...told,
      ],
    },
  };
}

/** The ticks of an attack, counted in images. */
async function* inImages<Made>(running: AsyncGenerator<Tick, Made>, images: number): AsyncGenerator<Tick, Made> {
  let next = await running.next();
  for (; !next.done; next = await running.next()) yield { ...next.value, step: (images * next.value.step) / next.value.of, of: images };
  return next.value;
}

/** The network after the first steps of its training. */
async function trainedOn(
  data: Dataset<readonly number[]>,
  { network, rate }: Line,
  { trainingSteps, batch }: Figure3Params,
  root: ReturnType<typeof keyFromSeed>,
  { machine }: ExperimentRun,
): Promise<Weights> {
  const model = models.build(network, taskOf(data));
  const weights = initialWeights(model, stream(root, "weights"));
  if (trainingSteps === 0) return weights;
  const examples = Math.min(data.size, 50_000);
  const epochs = Math.ceil(trainingSteps / Math.max(1, Math.floor(examples / batch)));
  return train(model, weights, data, { epochs, steps: trainingSteps, examples, batch, rate }, stream(root, "training"), machine);
}
