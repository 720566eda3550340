import type { AuditResult } from "../../audit/index.ts";
import { LeakageError } from "../../errors.ts";
import { sizeOf } from "../../graph/index.ts";
import { meanInterval, psnrAt } from "../../metrics/index.ts";
import { models } from "../../models/index.ts";
import { concise, type PartSpec } from "../../parts/index.ts";
import { plan, type RunEvent, type TrainResult } from "../../runs/index.ts";
import type { Tick } from "../../scenario/index.ts";
import { filesOf, folderOf, inFolder } from "../audit-files.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import { sourcesOf } from "../sources.ts";
import { type NoiseParams, noiseParams } from "./noise-params.ts";
import { type NoiseResult, noiseSchema } from "./noise-result.ts";
import { budgetOf, type Case, casesOf, trainingOf } from "./noise-specs.ts";

/**
 * Noise on real networks: a network is trained under a defense, and what its clients send is attacked
 * before the first step and after the last one, by the attacker that knows the law and by those that
 * compare by ℓ2, ℓ1 or the cosine. All are tuned by equal budgets on draws that are not scored, then
 * scored on the same updates. The accuracy that each strength leaves stands beside.
 *
 * It follows the comparison of the paper's code on its network for MNIST and CIFAR-10. There,
 * attacks are tuned on images that are scored, by their PSNR; here they are not.
 */
export const noiseOnNetworks = experiment({
  kind: "noise-on-networks",
  doc: "Noise on trained networks: which attacker wins behind it, before and after training, and the accuracy that each strength leaves.",
  params: noiseParams,
  result: noiseSchema,
  quick: {
    data: "mnist",
    defenses: "gaussian/laplacian",
    strengths: "0.01/0.1",
    trainingSteps: "50",
    testExamples: "1000",
    images: "8",
    tuningImages: "4",
    steps: "60",
    rate: "0.1",
    weight: "1000/10000",
    tv: "0.001/0.01",
  },
  build: (params) => {
    if (params.tv.length !== params.weight.length)
      throw new LeakageError(
        "spec",
        `experiment noise-on-networks: attackers are tuned over as many values, and there are ${params.tv.length} of tv and ${params.weight.length} of weight.`,
      );
    if (budgetOf(params) < 2)
      throw new LeakageError(
        "spec",
        "experiment noise-on-networks: attackers are tuned first, so rate and weight must have two values together; give another.",
      );
    return { run: (run) => noiseOf(params, run) };
  },
});

const confidence = 0.95;

async function* noiseOf(params: NoiseParams, run: ExperimentRun): AsyncGenerator<Tick, Finding<NoiseResult>> {
  const sources = sourcesOf(run);
  const all = casesOf(params);
  const planned = await Promise.all(
    all.map(async (one) => ({ one, plan: await plan(trainingOf(one, params, run.spec.seed), sources, run) })),
  );
  const images = new Map<string, Uint8Array>();
  const cases: NoiseResult["cases"] = [];
  for (const [i, { one, plan }] of planned.entries()) {
    const folder = String(i);
    const trained = yield* ticked(plan.run(folderOf(run.store, folder)), one, params, { index: i, of: planned.length });
    const audits = trained.audits.map(({ round, result }) => ({ round, audit: inFolder(result, `${folder}/audits/round-${round}`) }));
    for (const { audit } of audits) for (const name of filesOf(audit)) images.set(name, (await run.store.read(name))!);
    const { shape } = await sources.dataset({ kind: one.set }, "train");
    cases.push(caseOf(one, trained, audits, sizeOf(shape)));
  }
  return { result: { ...headOf("noise-on-networks", run), cases, notes: notesOf(params) }, images };
}

/** The share of a case's time that its training is taken for. */
const trainingShare = 0.1;

/** Runs a training with its audits to the end. A step of its ticks is a case. */
async function* ticked(
  running: AsyncGenerator<RunEvent, unknown>,
  { attackers }: Case,
  params: NoiseParams,
  { index, of }: { readonly index: number; readonly of: number },
): AsyncGenerator<Tick, TrainResult> {
  const updates = attackers.length * (budgetOf(params) * params.tuningImages + params.images) * 2;
  let trained = 0;
  let attacked = 0;
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value as TrainResult;
    const event = next.value;
    if (event.kind !== "training" && event.kind !== "drawing") continue;
    const { tick } = event;
    let partly = 0;
    if (event.kind === "training") trained = tick.step / tick.of;
    else {
      const share = ((event.draws.to - event.draws.from) * tick.step) / tick.of;
      if (tick.step === tick.of) attacked += share;
      else partly = share;
    }
    const done = Math.min(1, (attacked + partly) / updates);
    yield { step: index + trainingShare * trained + (1 - trainingShare) * done, of, objective: tick.objective };
  }
}

/** The PSNR of each image by one attacker; null where a distance is not a number. */
function decibelsOf({ data }: AuditResult, cell: number, size: number): readonly (number | null)[] {
  return data.flatMap(({ distances }) => distances[cell]!.map((distance) => (distance === null ? null : psnrAt(distance, size))));
}

/** The interval of the mean of numbers; null for fewer than two. */
const meanOf = (values: readonly number[]) => (values.length < 2 ? null : meanInterval([values], confidence));

function caseOf(
  { set, kind, strength, defense, attackers }: Case,
  trained: TrainResult,
  audits: readonly { readonly round: number; readonly audit: AuditResult }[],
  size: number,
): NoiseResult["cases"][number] {
  const steps = audits.map(({ round, audit }) => {
    const all = audit.cells.map((_, cell) => decibelsOf(audit, cell, size));
    return {
      step: round,
      audit,
      decibels: all[0]!,
      attackers: attackers.map(({ role }, cell) => {
        const both = all[0]!.flatMap((best, i) => {
          const own = all[cell]![i]!;
          return best === null || own === null ? [] : [{ best, own }];
        });
        return {
          role,
          attack: audit.cells[cell]!.attack,
          psnr: meanOf(both.map(({ own }) => own)),
          behind: cell === 0 ? null : meanOf(both.map(({ best, own }) => best - own)),
          counted: both.length,
        };
      }),
    };
  });
  const [before, after] = [steps[0]!.decibels, steps.at(-1)!.decibels];
  const gains = before.flatMap((first, i) => (first === null || after[i] == null ? [] : [after[i] - first]));
  return {
    set,
    kind,
    strength,
    defense,
    accuracy: trained.accuracy,
    steps: steps.map(({ decibels: _, ...step }) => step),
    gain: meanOf(gains),
  };
}

const notesOf = ({ trainingSteps, batch, trainingRate, tuningImages, model, ...params }: NoiseParams): string[] => [
  `The network ${concise(models, model as PartSpec)} is trained for ${trainingSteps} steps by Adam at ${trainingRate}, on batches of ${batch}, behind the defense. Attacked updates are of one image behind the same defense; labels are given, and batch normalization, where there is any, is in eval mode.`,
  `Every attacker was tuned behind every defense before, over ${budgetOf({ ...params, trainingSteps, batch, trainingRate, tuningImages, model })} candidates, by least mean distance on ${tuningImages} draws of the test split, which are not scored.`,
  "Attackers know how strong the noise is. Where an attacker assumes the law that is there, it is the Bayes adversary, and stands there once: ℓ2 behind Gaussian noise, ℓ1 behind Laplace noise.",
];
