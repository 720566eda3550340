import type { Likelihood } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import type { Gradients } from "../graph/index.ts";
import { type AssumptionAndSearch, assuming } from "./assuming.ts";
import type { Outline } from "./observations.ts";

/**
 * The same assumption about the other tensors of an update. What was sent for the dropped ones is
 * left open: the density is that of the rest, whatever the defense did to these.
 *
 * @param dropped the names of the tensors.
 */
export function dropping(likelihood: Likelihood, dropped: readonly string[]): Likelihood {
  if (dropped.length === 0) return likelihood;
  const { noiseEnergy, widened } = likelihood;
  const rest = (update: Gradients) => update.only(update.names.filter((name) => !dropped.includes(name)));
  return {
    ...likelihood,
    name: `${likelihood.name} without ${dropped.join(", ")}`,
    dropped: [...(likelihood.dropped ?? []), ...dropped],
    ...(widened ? { widened: (factor) => dropping(widened(factor), dropped) } : {}),
    ...(noiseEnergy
      ? {
          noiseEnergy: ({ parameters }, batchSize) =>
            noiseEnergy({ parameters: parameters.filter(({ name }) => !dropped.includes(name)) }, batchSize),
        }
      : {}),
    given: (client) => {
      const given = likelihood.given(client);
      return (batch, published) => {
        const { kernel, ...density } = given(batch, published);
        return {
          ...density,
          logProb: (update) => density.logProb(rest(update)),
          ...(kernel ? { kernel: (update: Gradients) => kernel(rest(update)) } : {}),
        };
      };
    },
  };
}

/** The same attack without some tensors of the update, for any likelihood. */
export const withoutTensors = ({ assumption, search, assumes, labelRule }: AssumptionAndSearch, dropped: readonly string[]) =>
  assuming({ ...assumption, likelihood: dropping(assumption.likelihood, dropped) }, search, {
    prior: assumes.prior,
    ...(labelRule ? { labelRule } : {}),
  });

/**
 * @throws LeakageError `spec` for tensors that the client does not send, and if nothing else is
 * left.
 */
export function requireTensors(attack: string, dropped: readonly string[], { rounds }: Outline): void {
  const names = rounds[0]!.client.parameters.map(({ name }) => name);
  const missing = dropped.find((name) => !names.includes(name));
  if (missing !== undefined)
    throw new LeakageError("spec", `attack ${attack}: the update has no tensor ${missing} to drop; it has ${names.join(", ")}.`);
  if (names.every((name) => dropped.includes(name)))
    throw new LeakageError("spec", `attack ${attack} would drop all tensors of the update; leave some of them.`);
}
