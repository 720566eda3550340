import type { Batch, Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import type { Gradients } from "../graph/index.ts";
import type { Key } from "../random/index.ts";
import type { Defense, Disclosed } from "./defense.ts";
import { type Law, likelihoodOf, narrowOf, undefended } from "./law.ts";

/** When a step acts. */
export interface Moment {
  readonly client: Client;
  readonly batch: Batch;
  readonly key: Key;
  /** Of the step in the chain, from 0; names what it discloses. */
  readonly place: number;
}

/** One thing that a defense does to an update on its way out, with what that makes of the law. */
export interface Step {
  act(update: Gradients, moment: Moment): { readonly update: Gradients; readonly open?: Disclosed };
  /**
   * The law after the step.
   *
   * @throws LeakageError `spec` where it is not known, with the reason.
   */
  law(before: Law, place: number): Law;
  /** @throws LeakageError `spec` that names what does not fit. */
  check?(client: Pick<Client, "model" | "mode">, batchSize: number): void;
}

/**
 * The defense that takes steps in order, with its law. The only step uses the key of the update, one of several that key folded with its place.
 *
 * @throws LeakageError `spec` where the law of the steps together is not known, with the reason.
 */
export function inSteps(steps: readonly Step[]): Defense {
  const law = steps.reduce((before, step, place) => step.law(before, place), undefended);
  const check = (client: Pick<Client, "model" | "mode">, batchSize: number) => {
    for (const step of steps) step.check?.(client, batchSize);
  };
  return {
    steps,
    check,
    ...(law.noisy === undefined ? { narrow: narrowOf(law, check) } : { likelihood: likelihoodOf(law, check) }),
    send: (client) => (batch, key) => {
      check(client, batch.x.shape[0]!);
      let update = client.gradients(batch);
      let open: Disclosed = {};
      for (const [place, step] of steps.entries()) {
        const acted = step.act(update, { client, batch, key: steps.length === 1 ? key : key.foldIn(place), place });
        update = acted.update;
        open = { ...open, ...acted.open };
      }
      return { update, ...(Object.keys(open).length > 0 ? { open } : {}) };
    },
  };
}

/**
 * Several defenses, one after the other.
 *
 * @throws LeakageError `spec` where the law of them together is not known, with the reason.
 */
export function chain(links: readonly Defense[]): Defense {
  const steps = links.flatMap((link) => {
    if (!link.steps) throw new LeakageError("spec", "A defense whose law is not known cannot be chained with others.");
    return link.steps;
  });
  return inSteps(steps);
}
