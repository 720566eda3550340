import { client } from "../client/index.ts";
import { defenses } from "../defenses/index.ts";
import { Gradients, input } from "../graph/index.ts";
import type { Examples, Model, Weights } from "../models/index.ts";
import { Key } from "../random/index.ts";
import { type AuditSpec, cellsOf } from "./audit-spec.ts";
import { attackOf, auditAttack } from "./run.ts";
import type { AttackSpec } from "./spec.ts";

/**
 * Writes down, without computing anything, what every attack of a spec will score: so that whatever does not fit is said before any work starts.
 *
 * @throws LeakageError `spec` for a defense that does not fit the network or the batch, a law that cannot be scored there or needs what the defense does not publish, a
 * prior that the network has no place for, an attack that lacks what it needs.
 */
export function rehearse(spec: AttackSpec | AuditSpec, model: Model, weights: Weights, examples?: Examples): void {
  const one = client({ model, weights, mode: spec.client.mode });
  const batch = { x: input("x", [spec.client.batch, ...model.shape]), y: input("y", [spec.client.batch, model.classes]) };
  const update = new Gradients(new Map(one.parameters.map(({ name, shape }) => [name, input(name, shape)])));
  const pairs =
    "defenses" in spec
      ? cellsOf(spec).map((cell) => ({ defense: cell.defense, attack: auditAttack(spec, cell, model, examples) }))
      : [{ defense: spec.defense, attack: attackOf(spec, model, examples) }];
  for (const { defense, attack } of pairs) {
    const { open } = defenses.build(defense).send(one)(batch, Key.input("key"));
    const { likelihood, prior } = attack.assumption;
    likelihood.given(one)(batch, open).logProb(update);
    prior.density(one).logProb(batch);
  }
}
