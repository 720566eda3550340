import type { AuditResult } from "../../audit/index.ts";
import { LeakageError } from "../../errors.ts";
import { type AuditSpec, type Plan, plan, type Store, tuningsOf } from "../../runs/index.ts";
import type { Tick } from "../../scenario/index.ts";
import { filesOf, folderOf, inFolder } from "../audit-files.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import type { Progressed } from "../progress.ts";
import { sourcesOf } from "../sources.ts";
import { type AssumedLawParams, assumedLawParams } from "./assumed-law-params.ts";
import { type AssumedLawResult, assumedLawSchema } from "./assumed-law-result.ts";
import { auditOf, casesOf } from "./assumed-law-specs.ts";

/**
 * The claim of the paper under masks and under Laplace noise (§4: the best attacker assumes the law
 * that is there). Behind each defense, the attacker that assumes its law stands against others that
 * assume another noise, another mask, or none: on vectors whose density is known, and on images.
 * All are tuned by equal budgets on draws that are not scored, then scored on the same draws.
 */
export const assumedLaw = experiment({
  kind: "assumed-law",
  doc: "Attackers that assume the law that is there against others that assume another, under Laplace noise and masks, on vectors and images.",
  params: assumedLawParams,
  result: assumedLawSchema,
  quick: {
    samples: "40",
    tuning: "20",
    widen: "10",
    model: "(mlp:sizes=32,initial=lecun)",
    images: "6",
    tuningImages: "3",
    imageSteps: "80",
    weight: "1000",
  },
  build: (params) => {
    if (params.rate.length * params.widen.length < 2)
      throw new LeakageError(
        "spec",
        "experiment assumed-law: attackers are tuned first, so rate and widen must have two values together; give another.",
      );
    return { run: (run) => assumedLawOf(params, run) };
  },
});

async function* assumedLawOf(params: AssumedLawParams, run: ExperimentRun): AsyncGenerator<Tick, Finding<AssumedLawResult>> {
  const sources = sourcesOf(run);
  const cases = params.panels.flatMap((panel) =>
    casesOf(params).map((one) => ({ panel, asked: auditOf(panel, one, params, run.spec.seed) })),
  );
  const planned = await Promise.all(cases.map(async ({ panel, asked }) => ({ panel, plan: await plan(asked, sources, run) })));
  const of = planned.reduce((sum, { plan }) => sum + programsOf(plan), 0);
  let before = 0;
  const audits: AssumedLawResult["audits"] = [];
  const images = new Map<string, Uint8Array>();
  for (const [i, { panel, plan }] of planned.entries()) {
    // An audit keeps its own parts, in a folder of its own.
    const audit = inFolder(yield* audited(plan, folderOf(run.store, String(i)), { before, of }), String(i));
    before += programsOf(plan);
    audits.push({ panel, audit });
    for (const name of filesOf(audit)) images.set(name, (await run.store.read(name))!);
  }
  return { result: { ...headOf("assumed-law", run), audits, notes: notesOf(params) }, images };
}

/** Runs an audit to its end. A step of its ticks is a program that ended. */
async function* audited({ run }: Plan, store: Store, { before, of }: Progressed): AsyncGenerator<Tick, AuditResult> {
  let ended = before;
  const running = run(store);
  for (;;) {
    const next = await running.next();
    if (next.done) {
      if (next.value.format !== "gradleak-audit-3") throw new Error("an audit gives the result of an audit");
      return next.value;
    }
    if (next.value.kind !== "drawing") continue;
    const { step, of: steps, objective } = next.value.tick;
    yield { step: ended + step / steps, of, objective };
    if (step === steps) ended++;
  }
}

/** Programs that are run to the end of an attack, in the tunings of an audit and after them. */
function programsOf({ spec }: Plan): number {
  const own = spec as AuditSpec;
  return [...tuningsOf(own), own].reduce((sum, { samples, lanes, attacks }) => sum + Math.ceil(samples / lanes) * attacks.length, 0);
}

function notesOf({ rate, widen, weight, tuning, tuningImages, panels }: AssumedLawParams): string[] {
  const varied = [`learning rates ${rate.join(", ")}`, `noise that is ${widen.join(" or ")} times as wide at the start`];
  const told: Readonly<Record<AssumedLawParams["panels"][number], string>> = {
    vectors: `vectors, ${tuning} draws, over ${varied.join(" and ")}`,
    images: `images, ${tuningImages} draws, over ${varied.join(", ")} and total variation of factor ${weight.join(", ")}`,
  };
  return [
    `Every attacker was tuned behind every defense before, by least mean distance on draws of the other split: ${panels.map((panel) => told[panel]).join("; ")}.`,
    "Each panel has one network, untrained, and intervals are over inputs, noise and starts on it. The labels are given.",
  ];
}
