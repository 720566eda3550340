import type { z } from "zod";
import { LeakageError } from "../errors.ts";

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A part written down: what kind it is, and its parameters. Plain data, ready for JSON. */
export interface PartSpec {
  readonly kind: string;
  readonly [parameter: string]: Json;
}

/**
 * A named thing with parameters: a defense, an attack, a model. Declared once; flags, help, docs
 * and checks follow from it.
 */
export interface Part<Params extends z.ZodRawShape, Context extends readonly unknown[], Built> {
  /** The name it has in flags and specs: lowercase words joined by hyphens. */
  readonly kind: string;
  /** What it is, in one sentence. */
  readonly doc: string;
  /** Type, default, range and sentence of each parameter. */
  readonly params: Params;
  /**
   * Makes the thing from complete and valid parameters; a catalogue's `build` completes and checks
   * them first.
   */
  readonly build: (params: z.output<z.ZodObject<Params>>, ...context: Context) => Built;
}

/** A part as its catalogue knows it, whatever its parameters are. */
export interface AnyPart<Context extends readonly unknown[], Built> {
  readonly kind: string;
  readonly doc: string;
  readonly params: z.ZodRawShape;
  readonly build: (params: never, ...context: Context) => Built;
}

/**
 * Declares a part.
 *
 * A parameter is anything that zod can check and a flag can write: numbers, booleans, strings,
 * enums, null (written `none`), unions and lists of these, and parts of another catalogue
 * (`nested`). Its `.describe()` is its documentation.
 *
 * @throws LeakageError `spec` where a flag could not name the kind or a parameter.
 */
export function part<Params extends z.ZodRawShape, Built, Context extends readonly unknown[] = []>(
  declaration: Part<Params, Context, Built>,
): Part<Params, Context, Built> {
  const { kind, params } = declaration;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(kind))
    throw new LeakageError("spec", `A part's kind is lowercase words joined by hyphens; got "${kind}".`);
  for (const name of Object.keys(params))
    if (name === "kind" || !/^[A-Za-z][A-Za-z0-9]*$/.test(name))
      throw new LeakageError("spec", `A parameter of ${kind} is named by letters and digits, but not "kind"; got "${name}".`);
  return declaration;
}
