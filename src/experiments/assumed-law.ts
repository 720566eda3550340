import {
  type AuditCell,
  type AuditInput,
  type AuditResult,
  type AuditSpec,
  audit,
  auditRun,
  auditSpec,
  type Machine,
  modelFor,
  parseSpec,
  streamKey,
  type Tick,
  tuningsOf,
} from "../audit/index.ts";
import { datasets, noFiles } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { decodePng, type Picture } from "../formats/index.ts";
import { defaultDelta } from "../metrics/index.ts";
import { initialWeights } from "../models/index.ts";
import { part } from "../parts/index.ts";
import { keyFromSeed } from "../random/index.ts";
import { type AssumedLawParams, assumedLawParams } from "./assumed-law-params.ts";
import type { AssumedLawResult } from "./assumed-law-result.ts";
import type { Experiment, ExperimentRun, Finding } from "./experiment.ts";
import { headOf } from "./result.ts";

type Panel = AssumedLawResult["audits"][number]["panel"];

/** A defense, and what attackers assume who are wrong about it. */
interface Case {
  readonly defense: string;
  readonly others: readonly string[];
}

/** The laws that are compared: of the noise, of a mask that is published, of one that is not. */
function casesOf({ sigma, scale, keep }: AssumedLawParams): readonly Case[] {
  const [gaussian, laplacian] = [`gaussian:sigma=${sigma}`, `laplacian:scale=${scale}`];
  const masked = (noise: string, known: boolean): Case => ({
    defense: `mask:keep=${keep},known=${known}+${noise}`,
    others: [`mask:keep=${keep},redraw=never,seed=7+${noise}`, noise],
  });
  return [
    { defense: laplacian, others: [`gaussian:sigma=${Number((Math.SQRT2 * scale).toPrecision(6))}`] },
    ...[true, false].flatMap((known) => [gaussian, laplacian].map((noise) => masked(noise, known))),
  ];
}

/** The audit of one defense by the attacker that knows its law and by the others, each tuned first. */
function specOf(panel: Panel, { defense, others }: Case, params: AssumedLawParams, seed: number): AuditSpec {
  const { width, dimension, model, rate, widen, weight } = params;
  const pictures = panel === "pictures";
  const [samples, tuning, steps] = pictures
    ? [params.pictures, params.tuningPictures, params.pictureSteps]
    : [params.samples, params.tuning, params.steps];
  const prior = pictures ? `tv:weight=${weight[0]},norm=squared` : "gaussian";
  const attack = (conditional: string | undefined) =>
    `bayes:steps=${steps},rate=${rate[0]},widen=${widen[0]},restarts=${pictures ? 1 : params.restarts},prior=(${prior})${conditional === undefined ? "" : `,conditional=(${conditional})`}`;
  const varied = [
    { path: "rate", values: rate },
    { path: "widen", values: widen },
    ...(pictures ? [{ path: "prior.weight", values: weight }] : []),
  ];
  return parseSpec(auditSpec, {
    data: pictures
      ? { kind: "shapes", split: "test" }
      : { kind: "gaussian", split: "test", set: { kind: "gaussian", dimension, classes: 10 } },
    client: { model: pictures ? model : { kind: "mlp", sizes: [width], initial: "lecun" }, weights: { kind: "initial" } },
    defenses: [defense],
    attacks: [undefined, ...others].map(attack),
    score: pictures ? { delta: defaultDelta([3, 32, 32]) } : { delta: Math.sqrt(dimension) / 4, deltaSpace: "model" },
    samples,
    chunk: Math.max(samples, tuning),
    lanes: pictures ? 8 : 64,
    tuning: { vary: varied, budget: varied.reduce((all, { values }) => all * values.length, 1), samples: tuning, by: "distance" },
    seed,
  });
}

/**
 * The claim of the paper under masks and under Laplace noise (§4: the best attacker assumes the law that is there): behind each defense, the attacker that assumes its law
 * against others that assume another noise, another mask, or none; on vectors whose density is known, and on pictures. All are tuned by equal budgets on draws that
 * are not scored, then scored on the same draws.
 */
export const assumedLaw = part({
  kind: "assumed-law",
  doc: "Attackers that assume the law that is there against others that assume another, under Laplace noise and masks, on vectors and pictures.",
  params: assumedLawParams,
  build: (params): Experiment => {
    if (params.rate.length * params.widen.length < 2)
      throw new LeakageError(
        "spec",
        "experiment assumed-law: attackers are tuned first, so rate and widen must have two values together; give another.",
      );
    return { run: (run) => assumedLawOf(params, run) };
  },
});

async function* assumedLawOf(params: AssumedLawParams, { spec, versions, machine }: ExperimentRun): AsyncGenerator<Tick, Finding> {
  const planned = params.panels.flatMap((panel) => casesOf(params).map((one) => ({ panel, own: specOf(panel, one, params, spec.seed) })));
  const of = planned.reduce((sum, { own }) => sum + programsOf(own), 0);
  let programs = 0;
  const audits: AssumedLawResult["audits"] = [];
  const pictures = new Map<string, Picture>();
  for (const [i, { panel, own }] of planned.entries()) {
    const input = await inputOf(own, machine);
    const running = audit({ run: auditRun(input), publicSet: input.publicSet!, versions, notes: [] });
    let next = await running.next();
    for (; !next.done; next = await running.next()) {
      const { step, of: steps, objective } = next.value;
      yield { step: programs + step / steps, of, objective };
      if (step === steps) programs++;
    }
    const { result, pictures: files } = next.value;
    audits.push({ panel, audit: inFolder(result, String(i)) });
    for (const [name, png] of files) pictures.set(`${i}/${name}`, decodePng(png, name));
  }
  const result: AssumedLawResult = {
    ...headOf("assumed-law", { spec, versions }),
    audits,
    notes: notesOf(params),
  };
  return { result, pictures };
}

/** What is audited: inputs, and a network with drawn weights. */
async function inputOf(spec: AuditSpec, machine: Machine): Promise<AuditInput> {
  const source = datasets.build(spec.data.set ?? spec.data.kind);
  const dataset = await source.open("test", noFiles);
  const model = modelFor(spec, { ...dataset, classes: dataset.classes.length });
  const weights = initialWeights(model, streamKey(keyFromSeed(spec.seed), "weights", 0));
  return { spec, dataset, publicSet: await source.open("train", noFiles), weights, machine };
}

/** Programs that are run to the end of an attack, in the tunings of an audit and after them. */
function programsOf(spec: AuditSpec): number {
  const programs = (samples: number, attacks: number) => Math.ceil(samples / spec.lanes) * attacks;
  const tunings = tuningsOf(spec).map(({ samples, attacks }) => programs(samples, attacks.length));
  return tunings.reduce((sum, one) => sum + one, programs(spec.samples, spec.attacks.length));
}

/** The result of an audit whose files are in a folder of their own. */
const inFolder = (result: AuditResult, folder: string): AuditResult => ({
  ...result,
  cells: result.cells.map((cell) => ({ ...cell, nearest: exampleIn(cell.nearest, folder), first: exampleIn(cell.first, folder) })),
});

function exampleIn(example: AuditCell["nearest"], folder: string): AuditCell["nearest"] {
  if (!example?.files) return example;
  const { original, reconstruction } = example.files;
  return { ...example, files: { original: `${folder}/${original}`, reconstruction: `${folder}/${reconstruction}` } };
}

function notesOf({ rate, widen, weight, tuning, tuningPictures, panels }: AssumedLawParams): string[] {
  const varied = [`learning rates ${rate.join(", ")}`, `noise that is ${widen.join(" or ")} times as wide at the start`];
  return [
    `Every attacker was tuned behind every defense before, by least mean distance on draws of the other split: ${panels.includes("vectors") ? `vectors, ${tuning} draws, over ${varied.join(" and ")}` : ""}${panels.length > 1 ? "; " : ""}${panels.includes("pictures") ? `pictures, ${tuningPictures} draws, over ${varied.join(", ")} and total variation of factor ${weight.join(", ")}` : ""}.`,
    "Each panel has one network, untrained, and intervals are over inputs, noise and starts on it. The labels are given.",
  ];
}
