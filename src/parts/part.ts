import type { z } from "zod";
import { LeakageError } from "../errors.ts";

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A part as plain data: its kind and its parameters, ready for JSON. */
export interface PartSpec {
  readonly kind: string;
  readonly [parameter: string]: Json;
}

/**
 * A named thing with parameters: a defense, an attack, a model. It is declared once; flags, help,
 * docs and checks follow from the declaration.
 */
export interface Part<Params extends z.ZodRawShape, Context extends readonly unknown[], Built> {
  /** The name in flags and specs: lowercase words joined by hyphens. */
  readonly kind: string;
  /** A one-sentence description. */
  readonly doc: string;
  /** Each parameter with its type, default, range and description. */
  readonly params: Params;
  /**
   * Builds the thing from complete and valid parameters. The `build` of a catalogue completes and
   * checks them first.
   */
  readonly build: (params: z.output<z.ZodObject<Params>>, ...context: Context) => Built;
}

/** A part with its parameter types erased, as its catalogue knows it. */
export interface AnyPart<Context extends readonly unknown[], Built> {
  readonly kind: string;
  readonly doc: string;
  readonly params: z.ZodRawShape;
  readonly build: (params: never, ...context: Context) => Built;
}

/**
 * Declares a part.
 *
 * A parameter can be anything that zod can check and a flag can write: numbers, booleans, strings,
 * enums, null (written `none`), unions and lists of these, and parts of another catalogue
 * (`nested`). Its `.describe()` text is its documentation.
 *
 * @throws LeakageError `spec` for a kind or a parameter that a flag could not name.
 * @example
 * ```ts
 * import { part } from "gradleak";
 * import { z } from "zod";
 *
 * const shift = part({
 *   kind: "shift",
 *   doc: "Adds a constant.",
 *   params: { by: z.number().default(1).describe("The constant.") },
 *   build: ({ by }) => (x: number) => x + by,
 * });
 * ```
 */
export function part<Params extends z.ZodRawShape, Built, Context extends readonly unknown[] = []>(
  declaration: Part<Params, Context, Built>,
): Part<Params, Context, Built> {
  const { kind, params } = declaration;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(kind))
    throw new LeakageError("spec", `The kind of a part must be lowercase words joined by hyphens; got "${kind}".`);
  for (const name of Object.keys(params))
    if (name === "kind" || !/^[A-Za-z][A-Za-z0-9]*$/.test(name))
      throw new LeakageError("spec", `The name of a parameter of ${kind} must be letters and digits, and not "kind"; got "${name}".`);
  return declaration;
}
