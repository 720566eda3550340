/**
 * Runs an attack, an audit or a plan to its end.
 *
 * @param running the generator that `audit`, `reconstruct` or a plan's `run` returned.
 * @param told receives each report of progress.
 * @returns the result of the generator.
 *
 * @example
 * ```ts
 * const { result } = await finish(audit({ scenarios, data, samples: 100 }));
 * ```
 */
export async function finish<Told, Made>(running: AsyncGenerator<Told, Made>, told?: (progress: Told) => void): Promise<Made> {
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    told?.(next.value);
  }
}
