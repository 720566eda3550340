import type { Likelihood, Published } from "../defenses/index.ts";
import type { NamedNumbers, Tensor } from "../graph/index.ts";
import type { Observations } from "./observations.ts";

/** Changes the inputs [B, ...shape] in model space by what is known of a lane, by name. */
export type ImageChange = (x: Tensor, known: Published) => Tensor;

/** The name under which something that an attacker takes for known stands beside what is published. */
const taken = (name: string): string => `taken.${name}`;

/**
 * The same likelihood for a client who changed the images before the network saw them.
 *
 * @param name the change, in words.
 * @param change what it does, with derivatives. Its second argument is what {@link takingAsKnown}
 * put in.
 */
export function throughImages(likelihood: Likelihood, name: string, change: ImageChange): Likelihood {
  const { widened } = likelihood;
  return {
    ...likelihood,
    name: `${likelihood.name} of ${name}`,
    // The fast form is watched by comparing with the gradient of images that are not changed.
    cancels: false,
    ...(widened ? { widened: (factor: Tensor) => throughImages(widened(factor), name, change) } : {}),
    given: (client) => {
      const given = likelihood.given(client);
      return ({ x, y }, published = {}) => {
        const known = Object.entries(published).flatMap(([own, value]) => {
          const [, inner] = own.split(taken(""));
          return inner === undefined ? [] : [[inner, value] as const];
        });
        return given({ x: change(x, Object.fromEntries(known)), y }, published);
      };
    },
  };
}

/** Observations with what an attacker takes for known of each lane, by name, each [lanes, ...shape]. */
export const takingAsKnown = (seen: Observations, known: NamedNumbers): Observations => ({
  ...seen,
  rounds: seen.rounds.map((round) => ({
    ...round,
    published: new Map([...(round.published ?? []), ...[...known].map(([name, value]) => [taken(name), value] as const)]),
  })),
});
