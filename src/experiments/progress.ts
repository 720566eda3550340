import type { Tick } from "../scenario/index.ts";

/** How much of a work is done before one of its parts begins, in steps. */
export interface Progressed {
  readonly before: number;
  /** Steps of the whole work. */
  readonly of: number;
}

/** The ticks of a part, as those of the whole work. */
export async function* within<Made>(running: AsyncGenerator<Tick, Made>, { before, of }: Progressed): AsyncGenerator<Tick, Made> {
  let next = await running.next();
  for (; !next.done; next = await running.next()) yield { ...next.value, step: before + next.value.step, of };
  return next.value;
}
