import type { AuditResult } from "../audit/index.ts";
import { LeakageError } from "../errors.ts";
import { nearest, specHash } from "../parts/index.ts";
import type { Result } from "./attack-result.ts";
import { type AttackSpec, attackSpec } from "./attack-spec.ts";
import { type AuditSpec, auditSpec } from "./audit-spec.ts";
import type { RunEvent, Surroundings } from "./events.ts";
import { type InvertSpec, invertSpec } from "./invert-spec.ts";
import { prepareAttack, prepareAudit, prepareInvert, prepareTune } from "./prepare.ts";
import { realize, realizeUpdate } from "./realize.ts";
import { runAttack, runInvert } from "./run-attack.ts";
import { requireRunnable, runAudit, runTune } from "./run-audit.ts";
import type { Sources } from "./sources.ts";
import { parseSpec } from "./spec.ts";
import type { Store } from "./store.ts";
import { type Tuned, type TuneSpec, tuneSpec } from "./tuning.ts";

/** A spec of a command that attacks. */
export type Spec = AttackSpec | InvertSpec | AuditSpec | TuneSpec;

/** What a run makes. */
export type RunResult = Result | AuditResult | Tuned;

/** Something that is checked, and ready to run. */
export interface Plan {
  /** Complete: nothing but the machine is left to add. */
  readonly spec: Spec;
  readonly specHash: string;
  /** Runs it. What the store has already is not made again. */
  run(store: Store): AsyncGenerator<RunEvent, RunResult>;
}

/** What changes no number of a result. */
export interface Extras {
  /** Whether an attack also keeps what the server saw. */
  readonly saveUpdates?: boolean;
  /** The originals of an inverted update in pixel space, only to score the result. */
  readonly truth?: readonly Float32Array[];
}

const schemas = { attack: attackSpec, audit: auditSpec, invert: invertSpec, tune: tuneSpec } as const;

/** The commands whose specs {@link plan} takes. */
export const runnable = Object.keys(schemas) as readonly (keyof typeof schemas)[];

/**
 * Checks what is asked for, resolves its data and weights, and makes its objects: everything that
 * can be wrong is said here, before any work starts.
 *
 * @param asked a spec, as flags or a file give it; what it leaves out is completed.
 * @param source how errors name it.
 * @throws LeakageError that names what is wrong.
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
  switch (commandOf(asked, source)) {
    case "attack": {
      const ready = await realize(await prepareAttack(parseSpec(attackSpec, asked, source), sources), sources, machine);
      return planned(ready.spec, (store) => runAttack(ready, store, surroundings, { saveUpdates }));
    }
    case "invert": {
      const ready = await realizeUpdate(prepareInvert(parseSpec(invertSpec, asked, source)), sources);
      return planned(ready.spec, (store) => runInvert(ready, store, surroundings, truth));
    }
    case "audit": {
      const ready = await realize(await prepareAudit(parseSpec(auditSpec, asked, source), sources), sources, machine);
      await requireRunnable(ready, sources, surroundings);
      const preparing = machine.clock() - began;
      return planned(ready.spec, (store) => runAudit(ready, sources, store, surroundings, preparing));
    }
    case "tune": {
      const ready = await realize(await prepareTune(parseSpec(tuneSpec, asked, source), sources), sources, machine);
      return planned(ready.spec, (store) => runTune(ready, store, surroundings));
    }
  }
}

const planned = (spec: Spec, run: Plan["run"]): Plan => ({ spec, specHash: specHash(spec), run });

/** The command that a spec names. @throws LeakageError `spec` for one that names none that runs. */
function commandOf(asked: unknown, source: string): (typeof runnable)[number] {
  const command = (asked as { readonly command?: unknown } | null)?.command;
  const found = runnable.find((one) => one === command);
  if (found) return found;
  const meant = typeof command === "string" ? nearest(command, runnable) : undefined;
  throw new LeakageError(
    "spec",
    `${source} names the command ${JSON.stringify(command) ?? "of nothing"}${meant ? `; did you mean ${meant}?` : "."} There are ${runnable.join(", ")} and reproduce.`,
  );
}
