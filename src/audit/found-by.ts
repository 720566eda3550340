/** Which member of a battery gave an answer, if the attack is a battery. */
export type FoundBy = { readonly by?: string | undefined };

/**
 * Whose answers a battery took, in a sentence; nothing for attacks that are no battery.
 *
 * @param what the attack, in words.
 */
export function foundByNotes(what: string, answers: readonly FoundBy[]): string[] {
  const counts = new Map<string, number>();
  for (const { by } of answers) if (by !== undefined) counts.set(by, (counts.get(by) ?? 0) + 1);
  if (counts.size === 0) return [];
  const each = [...counts].sort(([, one], [, other]) => other - one).map(([by, count]) => `${by} ${count}`);
  return [`The answers that ${what} took are by ${each.join(", ")}.`];
}
