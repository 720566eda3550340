import { z } from "zod";

/** Which member of a battery, or which try of an attack with several, gave an answer. */
export type FoundBy = { readonly by?: string | undefined };

/** The form of how many answers of a cell each member or try gave. */
export const takenSchema = z
  .record(z.string(), z.int().positive())
  .describe(
    "How many answers each member of a battery gave, or each try of an attack with several, such as the layer that on-soteria dropped; absent for other attacks.",
  );

/** How many answers each gave, the most first; undefined for attacks with one search. */
export function takenIn(answers: readonly FoundBy[]): z.output<typeof takenSchema> | undefined {
  const counts = new Map<string, number>();
  for (const { by } of answers) if (by !== undefined) counts.set(by, (counts.get(by) ?? 0) + 1);
  return counts.size === 0 ? undefined : Object.fromEntries([...counts].sort(([, one], [, other]) => other - one));
}

/**
 * Whose answers an attack took, in a sentence; nothing for attacks with one search.
 *
 * @param what the attack, in words.
 */
export function foundByNotes(what: string, answers: readonly FoundBy[]): string[] {
  const taken = takenIn(answers);
  if (!taken) return [];
  return [
    `The answers that ${what} took are by ${Object.entries(taken)
      .map(([by, count]) => `${by} ${count}`)
      .join(", ")}.`,
  ];
}
