import type { AssumedAttack } from "../attacks/index.ts";
import { type Batch, type Client, client } from "../client/index.ts";
import { type Disclosed, defenses } from "../defenses/index.ts";
import { Gradients, input } from "../graph/index.ts";
import type { Examples, Model, Weights } from "../models/index.ts";
import { Key } from "../random/index.ts";
import { type AuditSpec, cellsOf } from "./audit-spec.ts";
import { attackOf, auditAttack, type InvertRun } from "./run.ts";
import type { AttackSpec, InvertSpec } from "./spec.ts";

/**
 * Writes down, without computing anything, what every attack of a spec will score: so that whatever does not fit is said before any work starts.
 *
 * @throws LeakageError `spec` for a defense that does not fit the network or the batch, a law that cannot be scored there or needs what the defense does not publish, a
 * prior that the network has no place for, an attack that lacks what it needs.
 */
export function rehearse(spec: AttackSpec | AuditSpec, model: Model, weights: Weights, examples?: Examples): void {
  const one = client({ model, weights, mode: spec.client.mode });
  const pairs =
    "defenses" in spec
      ? cellsOf(spec).map((cell) => ({ defense: cell.defense, attack: auditAttack(spec, cell, model, examples) }))
      : [{ defense: spec.defense, attack: attackOf(spec, model, examples) }];
  for (const { defense, attack } of pairs)
    writeDown(attack, one, spec.client.batch, (batch) => defenses.build(defense).send(one)(batch, Key.input("key")).open);
}

/** The same for an attack on an update from elsewhere, with what was published beside it. @throws LeakageError `spec`, as {@link rehearse}. */
export function rehearseInversion(spec: InvertSpec, model: Model, weights: Weights, open: NonNullable<InvertRun["open"]>): void {
  const published = Object.fromEntries([...open].map(([name, { shape }]) => [name, input(`open.${name}`, shape)]));
  writeDown(attackOf(spec, model), client({ model, weights, mode: spec.client.mode }), spec.client.batch, () => published);
}

function writeDown(
  { assumption: { likelihood, prior } }: AssumedAttack,
  one: Client,
  batchSize: number,
  publishing: (batch: Batch) => Disclosed | undefined,
): void {
  const { shape, classes } = one.model;
  const batch = { x: input("x", [batchSize, ...shape]), y: input("y", [batchSize, classes]) };
  const update = new Gradients(new Map(one.parameters.map(({ name, shape }) => [name, input(name, shape)])));
  likelihood.given(one)(batch, publishing(batch)).logProb(update);
  prior.density(one).logProb(batch);
}
