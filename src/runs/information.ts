import type { NamedNumbers } from "../graph/index.ts";
import { layersOf, type Model } from "../models/index.ts";

/** Below this, squares are 0 in float32. */
const vanishing = 1e-19;

/** Half the distance of neighboring float32 numbers at 1: what rounds a probability to 1. */
const rounding = 2 ** -24;

/** The largest magnitude among the entries of some parameters. */
function largest(update: NamedNumbers, names: Iterable<string>): number {
  let most = 0;
  for (const name of names) for (const entry of update.get(name)!.data) if (Math.abs(entry) > most) most = Math.abs(entry);
  return most;
}

/** Whether an update is zero everywhere, or so near that its squares are. */
export const isSilent = ({ parameters }: Model, update: NamedNumbers): boolean =>
  largest(
    update,
    parameters.map(({ name }) => name),
  ) < vanishing;

/**
 * What makes an update nearly empty, as the end of a sentence about it; undefined if nothing does.
 *
 * @param update the gradient of a mean loss, by parameter name.
 */
export function hardlySays({ parameters }: Model, update: NamedNumbers): string | undefined {
  const most = largest(
    update,
    parameters.map(({ name }) => name),
  );
  if (most < rounding)
    return `is hardly more than rounding: no entry exceeds ${most.toPrecision(2)}, because the network is certain of the class`;
  const [first] = layersOf(parameters);
  const entering = largest(
    update,
    first!.variables.map(({ name }) => name),
  );
  if (entering > 1e-9 * most) return undefined;
  return `says nothing about the pixels: its first layer (${first!.name}) is ${entering === 0 ? "0" : `${(entering / most).toPrecision(2)} of the rest`}, because the units behind it are dead or saturated`;
}
