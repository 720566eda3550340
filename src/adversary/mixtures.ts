import type { Separated } from "./separate.ts";

/**
 * The share of an input's units that may be active for another one: float32 rounds pre-activations
 * near 0.
 */
const tolerated = 0.1;

/**
 * Which inputs of {@link Separated} are single ones. Units that see the same inputs have the same
 * quotient where the derivatives of these inputs are proportional, as those of images with one
 * label can be. Their mixture then looks like an input. But such units are active for each input of
 * the mixture, and a unit of a single input is active for no other. So the input whose units are
 * active for another one at the largest share is left out, until there is none. A layer whose units
 * are all active, as those of tanh are, tells no inputs apart.
 *
 * @param active whether each unit is active for each of the inputs, [found, outputs].
 * @returns the places of the single inputs.
 */
export function singleInputs({ units }: Separated, active: readonly (readonly boolean[])[]): readonly number[] {
  const share = (own: readonly number[], at: number) => own.filter((unit) => active[at]![unit]).length / own.length;
  let kept = units.flatMap((_, place) => (active[place]!.every(Boolean) ? [] : [place]));
  for (;;) {
    const worst = kept
      .map((place) => ({ place, shared: Math.max(0, ...kept.map((other) => (other === place ? 0 : share(units[place]!, other)))) }))
      .reduce((most, one) => (one.shared > most.shared ? one : most), { place: -1, shared: tolerated });
    if (worst.place < 0) return kept;
    kept = kept.filter((place) => place !== worst.place);
  }
}
