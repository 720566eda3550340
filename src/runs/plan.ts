import type { AuditResult } from "../audit/index.ts";
import { LeakageError } from "../errors.ts";
import { nearest, specHash } from "../parts/index.ts";
import type { Result } from "./attack-result.ts";
import { type AttackSpec, attackSpec } from "./attack-spec.ts";
import { type AuditSpec, auditSpec } from "./audit-spec.ts";
import { requireAudits } from "./audit-training.ts";
import type { RunEvent, Surroundings } from "./events.ts";
import { type InvertSpec, invertSpec } from "./invert-spec.ts";
import { prepareAttack, prepareAudit, prepareInvert, prepareTune } from "./prepare.ts";
import { prepareTrain } from "./prepare-train.ts";
import { realize, realizeUpdate } from "./realize.ts";
import { realizeTraining } from "./realize-train.ts";
import { requireInformation, runAttack, runInvert } from "./run-attack.ts";
import { requireRunnable, runAudit, runTune } from "./run-audit.ts";
import { runTraining } from "./run-train.ts";
import type { Sources } from "./sources.ts";
import { parseSpec, requireVersion } from "./spec.ts";
import type { Store } from "./store.ts";
import type { TrainResult } from "./train-result.ts";
import { type TrainSpec, trainSpec } from "./train-spec.ts";
import { type Tuned, type TuneSpec, tuneSpec } from "./tuning.ts";

/** A spec of a command that attacks or trains. */
export type Spec = AttackSpec | InvertSpec | AuditSpec | TrainSpec | TuneSpec;

/** The result of a run. */
export type RunResult = Result | AuditResult | TrainResult | Tuned;

/** A request that was checked and is ready to run. */
export interface Plan {
  /** The complete spec. Only the machine adds to it. */
  readonly spec: Spec;
  readonly specHash: string;
  /** Runs the plan. Parts that the store has are not made again. */
  run(store: Store): AsyncGenerator<RunEvent, RunResult>;
}

/** Options that change no number of a result. */
export interface Extras {
  /** Whether an attack also keeps what the server saw: the weights and each update. */
  readonly saveUpdates?: boolean;
  /** The originals of an inverted update in pixel space, only to score the result. */
  readonly truth?: readonly Float32Array[];
}

const schemas = { attack: attackSpec, audit: auditSpec, invert: invertSpec, train: trainSpec, tune: tuneSpec } as const;

/** The commands whose specs {@link plan} takes. */
const runnable = Object.keys(schemas) as readonly (keyof typeof schemas)[];

/**
 * Checks a spec, resolves its data and weights, and makes its objects. Everything that can be wrong
 * is reported here, before any work starts.
 *
 * @param asked a spec, as flags or a file give it. Missing fields are completed.
 * @param sources resolves data sets, weights and updates; see `sourcesOnDisk` in "gradleak/node".
 * @param surroundings the machine, with its clock, and the versions that the result states.
 * @param source the name of the spec in errors.
 * @returns the completed spec, its hash, and a function that runs it with a store.
 * @throws LeakageError that names what is wrong.
 *
 * @example
 * ```ts
 * const asked = {
 *   command: "attack",
 *   data: { set: "shapes", images: [0, 1] },
 *   client: { model: "mlp:sizes=64" },
 *   attack: "inverting-gradients:steps=300",
 * };
 * const { specHash, run } = await plan(asked, sources, { machine, versions: {} });
 * const result = await finish(run(memoryStore()));
 * ```
 */
export async function plan(
  asked: unknown,
  sources: Sources,
  surroundings: Surroundings,
  { saveUpdates = false, truth }: Extras = {},
  source = "The spec",
): Promise<Plan> {
  const { machine } = surroundings;
  const began = machine.clock();
  requireVersion(asked, source);
  switch (commandOf(asked, source)) {
    case "attack": {
      const ready = await realize(await prepareAttack(parseSpec(attackSpec, asked, source), sources), sources, machine);
      const remarks = await requireInformation(ready, surroundings);
      return planned(ready.spec, (store) => runAttack(ready, store, surroundings, { saveUpdates, remarks }));
    }
    case "invert": {
      const ready = await realizeUpdate(prepareInvert(parseSpec(invertSpec, asked, source)), sources);
      const { batch } = ready.spec.client;
      if (truth && truth.length !== batch)
        throw new LeakageError("spec", `--truth names ${truth.length} files for a batch of ${batch}; give one per image.`);
      return planned(ready.spec, (store) => runInvert(ready, store, surroundings, truth));
    }
    case "audit": {
      const ready = await realize(await prepareAudit(parseSpec(auditSpec, asked, source), sources), sources, machine);
      await requireRunnable(ready, sources, surroundings);
      const preparing = machine.clock() - began;
      return planned(ready.spec, (store) => runAudit(ready, sources, store, surroundings, preparing));
    }
    case "train": {
      const ready = await realizeTraining(await prepareTrain(parseSpec(trainSpec, asked, source), sources), sources, machine);
      await requireAudits(ready, sources, surroundings);
      return planned(ready.spec, (store) => runTraining(ready, sources, store, surroundings));
    }
    case "tune": {
      const ready = await realize(await prepareTune(parseSpec(tuneSpec, asked, source), sources), sources, machine);
      return planned(ready.spec, (store) => runTune(ready, store, surroundings));
    }
  }
}

const planned = (spec: Spec, run: Plan["run"]): Plan => ({ spec, specHash: specHash(spec), run });

/**
 * The command that a spec names.
 *
 * @throws LeakageError `spec` if that is not a command that runs specs.
 */
function commandOf(asked: unknown, source: string): (typeof runnable)[number] {
  const command = (asked as { readonly command?: unknown } | null)?.command;
  const found = runnable.find((one) => one === command);
  if (found) return found;
  const meant = typeof command === "string" ? nearest(command, runnable) : undefined;
  throw new LeakageError(
    "spec",
    `${source} ${command === undefined ? "names no command" : `names the command ${JSON.stringify(command)}`}${meant ? `; did you mean ${meant}?` : "."} There are ${runnable.join(", ")} and reproduce.`,
  );
}
