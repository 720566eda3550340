import { LeakageError } from "../../errors.ts";
import { type NamedNumbers, sameShape, showShape } from "../../graph/index.ts";
import type { Variable } from "../../models/index.ts";

/**
 * The name of a published mask, from the position of its step in the chain, counted from 0, and its
 * parameter.
 */
export const maskName = (place: number, parameter: string): string => `mask${place}.${parameter}`;

/**
 * Divides the tensors of a file into an update and what was published with it. A mask has zeros and
 * ones, the name `mask<place>.<parameter>`, and the shape of that parameter.
 *
 * @throws LeakageError `file` that names the file, the mask, what was expected and what came.
 */
export function publishedIn(
  parameters: readonly Variable[],
  tensors: NamedNumbers,
  source: string,
): { readonly update: NamedNumbers; readonly published: NamedNumbers } {
  const found = [...tensors].filter(([name]) => parameterOf(name, parameters));
  for (const [name, { shape, data }] of found) {
    const own = parameterOf(name, parameters)!.shape;
    if (!sameShape(own, shape))
      throw new LeakageError(
        "file",
        `${source}: the mask ${name} must have shape ${showShape(own)}, as its parameter, not ${showShape(shape)}.`,
      );
    const at = data.findIndex((entry) => entry !== 0 && entry !== 1);
    if (at >= 0) throw new LeakageError("file", `${source}: entry ${at} of the mask ${name} is ${data[at]}; a mask has zeros and ones.`);
  }
  const masks = new Map(found);
  return { update: new Map([...tensors].filter(([name]) => !masks.has(name))), published: masks };
}

/** The parameter that a published mask of this name belongs to. */
function parameterOf(name: string, parameters: readonly Variable[]): Variable | undefined {
  const [, parameter] = /^mask\d+\.(.+)$/s.exec(name) ?? [];
  return parameters.some((one) => one.name === name) ? undefined : parameters.find((one) => one.name === parameter);
}

/** The names of the published masks that cover a parameter. */
export const masksOn = (parameter: string, names: Iterable<string>): readonly string[] =>
  [...names].filter((name) => /^mask\d+\.(.+)$/s.exec(name)?.[1] === parameter);
