import { z } from "zod";
import { specHash } from "../parts/index.ts";
import { readText } from "../runs/index.ts";
import type { Tick } from "../scenario/index.ts";
import type { ExperimentRun } from "./experiment.ts";

/** The form of its file: a value and its hash, by which damage is found. */
const form = z.strictObject({ sha256: z.string(), value: z.unknown() });

/**
 * A part of an experiment: the one that an earlier run kept, or one that is made now and kept. A
 * part that is damaged, or belongs to another spec, is made again.
 *
 * @param name of its file in the folder `parts`.
 * @param schema its form. Numbers in it are finite.
 */
export async function* kept<Schema extends z.ZodType>(
  { store, spec }: Pick<ExperimentRun, "store" | "spec">,
  name: string,
  schema: Schema,
  make: () => AsyncGenerator<Tick, z.output<Schema>> | Promise<z.output<Schema>>,
): AsyncGenerator<Tick, z.output<Schema>> {
  const file = `parts/${name}.json`;
  const hashOf = (value: unknown) => specHash({ spec, part: name, value });
  const read = (text: string): { readonly value: z.output<Schema> } | undefined => {
    const whole = form.safeParse(parsed(text));
    const value = schema.safeParse(whole.data?.value);
    return value.success && whole.data?.sha256 === hashOf(value.data) ? { value: value.data } : undefined;
  };
  const earlier = await readText(store, file);
  const whole = earlier === undefined ? undefined : read(earlier);
  if (whole) return whole.value;
  const making = make();
  const value = schema.parse(making instanceof Promise ? await making : yield* making);
  const text = JSON.stringify({ sha256: hashOf(value), value } satisfies z.output<typeof form>);
  await store.write(file, text);
  // What goes on from here is the same as when a later run reads it.
  return read(text)!.value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
