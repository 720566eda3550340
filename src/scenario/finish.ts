/**
 * Runs an attack or an audit to its end.
 *
 * @param running what `audit`, `reconstruct` or a plan's `run` returned.
 * @param told is given each report of progress.
 * @example
 * const { result } = await finish(audit({ scenarios, data, samples: 100 }));
 */
export async function finish<Told, Made>(running: AsyncGenerator<Told, Made>, told?: (progress: Told) => void): Promise<Made> {
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    told?.(next.value);
  }
}
