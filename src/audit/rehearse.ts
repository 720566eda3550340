import { client } from "../client/index.ts";
import { defenses } from "../defenses/index.ts";
import { Gradients, input } from "../graph/index.ts";
import type { Examples, Model, Weights } from "../models/index.ts";
import { Key } from "../random/index.ts";
import { type AuditSpec, cellsOf } from "./audit-spec.ts";
import { auditAttack } from "./run.ts";

/**
 * Writes down, without computing anything, what every attack of an audit will score: so that whatever does not fit is said before any work starts.
 *
 * @throws LeakageError `spec` for a defense that does not fit the network or the batch, a law that cannot be scored there, a prior that the network has no place for,
 * an attack that lacks what it needs.
 */
export function rehearse(spec: AuditSpec, model: Model, weights: Weights, examples?: Examples): void {
  const one = client({ model, weights, mode: spec.client.mode });
  const batch = { x: input("x", [spec.client.batch, ...model.shape]), y: input("y", [spec.client.batch, model.classes]) };
  const update = new Gradients(new Map(one.parameters.map(({ name, shape }) => [name, input(name, shape)])));
  for (const cell of cellsOf(spec)) {
    const { open } = defenses.build(cell.defense).send(one)(batch, Key.input("key"));
    const { likelihood, prior } = auditAttack(spec, cell, model, examples).assumption;
    likelihood.given(one)(batch, open).logProb(update);
    prior.density(one).logProb(batch);
  }
}
