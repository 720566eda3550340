import { z } from "zod";
import type { NamedNumbers } from "../graph/index.ts";

/** What a defense says that it did to one update: numbers by what they count. */
export type Facts = Readonly<Record<string, number>>;

/**
 * What a defense says of the update of one lane.
 *
 * @param facts of each fact a number a lane, as `simulate` gives them.
 */
export const factsAt = (facts: NamedNumbers, lane: number): Facts =>
  Object.fromEntries([...facts].map(([name, { data }]) => [name, data[lane]!]));

/** The form of what a defense says that it did to all updates of a cell. */
export const factsSchema = z
  .record(z.string(), z.strictObject({ mean: z.number(), least: z.number(), largest: z.number() }))
  .describe(
    "What the defense says that it did to the updates, by what it counts, such as the share of pruned columns; absent if it says nothing.",
  );

/** What a defense says of several updates; undefined if it says nothing. */
export function factsIn(updates: readonly Facts[]): z.output<typeof factsSchema> | undefined {
  const names = [...new Set(updates.flatMap((facts) => Object.keys(facts)))];
  if (names.length === 0) return undefined;
  return Object.fromEntries(
    names.map((name) => {
      const values = updates.flatMap((facts) => facts[name] ?? []);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [name, { mean, least: Math.min(...values), largest: Math.max(...values) }];
    }),
  );
}

/**
 * The same in sentences.
 *
 * @param defense the defense, in words.
 */
export function factNotes(defense: string, updates: readonly Facts[]): string[] {
  const digits = (value: number) => value.toPrecision(3);
  return Object.entries(factsIn(updates) ?? {}).map(([name, { mean, least, largest }]) => {
    const range = updates.length > 1 ? ` (${digits(least)} to ${digits(largest)} in ${updates.length} updates)` : "";
    return `Behind ${defense}, ${name} is ${digits(mean)}${range}.`;
  });
}
