import { type AuditResult, validateAuditResult } from "../audit/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import type { NamedNumbers } from "../graph/index.ts";
import { specHash } from "../parts/index.ts";
import { type AuditSpec, auditSpec } from "./audit-spec.ts";
import type { RunEvent, Surroundings } from "./events.ts";
import { prepareAudit } from "./prepare.ts";
import { type Realized, realize } from "./realize.ts";
import type { RealizedTraining } from "./realize-train.ts";
import { requireRunnable, runAudit } from "./run-audit.ts";
import type { Sources } from "./sources.ts";
import { parseSpec } from "./spec.ts";
import { readText, type Store } from "./store.ts";
import type { TrainSpec } from "./train-spec.ts";

const auditFolder = (round: number): string => `audits/round-${round}/`;

/** The weights after some round, as a file. */
export interface Checkpoint {
  readonly round: number;
  readonly file: string;
  readonly sha256: string;
  readonly tensors: NamedNumbers;
}

/** The spec of the audit of weights, as `gradleak audit` takes it. */
function auditOf(
  { command: _, version, data, client, clients, partition, defense, seed, audit, taking, dpDelta }: TrainSpec,
  sha256: string,
): unknown {
  const { rounds: _rounds, batch, mode, of, ...audited } = audit!;
  return {
    ...audited,
    command: "audit",
    version,
    seed,
    // The hashes of a folder are those of the images that are used, and an audit uses others.
    data: { set: data.set, split: "train" },
    clients: { count: clients, partition, examples: data.examples, together: of === "aggregate" ? taking : 1 },
    client: {
      model: client.model,
      weights: { kind: "file", sha256 },
      mode,
      loss: client.loss,
      batch: of === "aggregate" ? taking * client.batch : batch,
    },
    defenses: [defense],
    ...(dpDelta === undefined ? {} : { dpDelta }),
  };
}

/** The audit of a checkpoint as objects, with sources that have its weights. */
async function auditReady(
  { spec }: RealizedTraining,
  { sha256, tensors, file }: Omit<Checkpoint, "round">,
  sources: Sources,
  { machine }: Surroundings,
): Promise<{ readonly ready: Realized<AuditSpec>; readonly own: Sources }> {
  const own: Sources = {
    ...sources,
    tensors: async (what, asked) => (what === "weights" && asked === sha256 ? { tensors, source: file } : sources.tensors(what, asked)),
  };
  const ready = await realize(await prepareAudit(parseSpec(auditSpec, auditOf(spec, sha256)), own), own, machine);
  return { ready, own };
}

/**
 * Refuses audits of a training that could not run.
 *
 * @throws LeakageError `spec` for a protocol or a defense whose updates they cannot attack, and
 * for anything that an audit refuses.
 */
export async function requireAudits(ready: RealizedTraining, sources: Sources, surroundings: Surroundings): Promise<void> {
  const { spec, weights } = ready;
  if (!spec.audit) return;
  requireOneStep(spec);
  if (spec.audit.of === "aggregate" && ready.federation.defense.steps.length > 0)
    throw new LeakageError(
      "spec",
      "--audit-of aggregate attacks the mean of bare gradients, which is that of one large batch; behind a defense the law of the mean is another one, so give --audit-of client.",
    );
  const checkpoint = { sha256: "0".repeat(64), file: "the weights before the first round", tensors: weights };
  const { ready: audit, own } = await auditReady(ready, checkpoint, sources, surroundings);
  await requireRunnable(audit, own, surroundings);
}

/** Why attacks on gradients are attacks on what clients of FedAvg send. */
export const movedNotes = ({ protocol, audit }: TrainSpec): readonly string[] =>
  audit && protocol.kind === "fed-avg"
    ? [
        `Attacked clients take one local step and send minus ${protocol.rate} times a gradient; the attacker knows the rate and divides by it.`,
      ]
    : [];

/**
 * Refuses audits of what is not a gradient. One local step moves the weights by minus the local
 * rate, which the attacker knows, times a gradient, so the move tells the gradient.
 */
function requireOneStep({ protocol, audit, client, defense }: TrainSpec): void {
  if (protocol.kind === "fed-sgd") return;
  const { batch, of } = audit!;
  const steps = protocol.passes * Math.ceil(batch / client.batch);
  if (steps > 1)
    throw new LeakageError(
      "spec",
      `--audit attacks gradients, and with --protocol fed-avg a client takes ${steps} local steps over a batch of ${batch} and sends their sum: give --local-passes 1 and an --audit-batch of at most ${client.batch}, so that it takes one.`,
    );
  if (of === "aggregate")
    throw new LeakageError(
      "spec",
      "--audit-of aggregate does not fit --protocol fed-avg, whose mean weighs clients by their examples: give --audit-of client.",
    );
  if (defenses.build(defense).steps.length > 0)
    throw new LeakageError(
      "spec",
      "With --protocol fed-avg a defense acts on how far the weights moved, and --audit attacks the bare gradient behind one local step: give --defense none, or --protocol fed-sgd.",
    );
}

/** Audits the weights after a round, or reads the audit that an earlier run finished. */
export async function* auditAt(
  training: RealizedTraining,
  checkpoint: Checkpoint,
  sources: Sources,
  store: Store,
  surroundings: Surroundings,
): AsyncGenerator<RunEvent, AuditResult> {
  const folder = auditFolder(checkpoint.round);
  const { ready, own } = await auditReady(training, checkpoint, sources, surroundings);
  const hash = specHash(ready.spec);
  const text = await readText(store, `${folder}result.json`);
  const before = text === undefined ? undefined : finished(text, hash);
  if (before) return before;
  const inside: Store = { read: (name) => store.read(folder + name), write: (name, content) => store.write(folder + name, content) };
  const result = yield* runAudit(ready, own, inside, surroundings, 0);
  const written = `${JSON.stringify(result)}\n`;
  await inside.write("result.json", written);
  // What goes on from here is the same as when a later run reads it.
  return finished(written, hash)!;
}

/** A finished audit with this hash; undefined for anything else. */
function finished(text: string, hash: string): AuditResult | undefined {
  try {
    const result = validateAuditResult(JSON.parse(text), "result.json");
    return result.specHash === hash ? result : undefined;
  } catch (error) {
    if (error instanceof LeakageError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
