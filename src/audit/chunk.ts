import { z } from "zod";
import type { DrawRange } from "./draws.ts";

const outcome = z.strictObject({
  distances: z.array(z.number().nonnegative().nullable()),
  /** The attacker's own at the end; null where it is not a number, or the attack has none. */
  objective: z.number().nullable(),
  steps: z.int().nonnegative(),
  evaluations: z.int().nonnegative(),
  stopped: z.string().nullable(),
});
const example = z.strictObject({
  draw: z.int().nonnegative(),
  place: z.int().nonnegative(),
  index: z.int().nonnegative(),
  label: z.int().nonnegative(),
  distance: z.number().nonnegative(),
  /** PNG files in base64, original before reconstruction; none of vectors. */
  images: z.tuple([z.base64(), z.base64()]).optional(),
});

/**
 * The form of a file in `draws/`: some draws of an audit, finished. Lists of cells are in the order
 * of {@link cellsOf}.
 */
const chunkSchema = z.strictObject({
  format: z.literal("gradleak-draws-2"),
  from: z.int().nonnegative(),
  to: z.int().positive(),
  /** Threads of the runtime; null where it chose. */
  threads: z.int().positive().nullable(),
  /**
   * Public examples among which the nearest to each original was looked for; 0 where none are
   * public.
   */
  publicExamples: z.int().nonnegative(),
  /**
   * Wall time: of the clients with their defenses, of each cell's attack, of distances and
   * baselines.
   */
  seconds: z.strictObject({
    simulating: z.number().nonnegative(),
    attacking: z.array(z.number().nonnegative()),
    scoring: z.number().nonnegative(),
  }),
  draws: z.array(
    z.strictObject({
      /** Places in the data set, and labels, of its batch. */
      images: z.array(z.int().nonnegative()),
      labels: z.array(z.int().nonnegative()),
      /** Distances of the guesses of one who saw no update, an input of the batch each. */
      guesses: z.record(z.string(), z.array(z.number().nonnegative())),
      /**
       * Distances of the nearest public examples, an input of the batch each; null where none are
       * public.
       */
      nearestPublic: z.array(z.number().nonnegative()).nullable(),
      /** An outcome a cell; a distance is null where the reconstruction is not a number. */
      outcomes: z.array(outcome),
    }),
  ),
  /** Of each cell the reconstruction that came nearest to its original, if any is a number. */
  nearest: z.array(example.nullable()),
  /**
   * Of each cell the reconstruction of the first draw of all, if it is among these and a number.
   */
  first: z.array(example.nullable()),
});
/** Some draws of an audit, finished. */
export type AuditChunk = z.output<typeof chunkSchema>;
/** What became of one draw in one cell. */
export type Outcome = z.output<typeof outcome>;
/** A reconstruction and its original. */
export type AuditedExample = z.output<typeof example>;

/**
 * Reads a finished chunk: nothing where it is damaged, or has other draws or another number of
 * cells. It is then made again.
 */
export function readAuditChunk(text: string, { from, to }: DrawRange, cells: number): AuditChunk | undefined {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = chunkSchema.safeParse(given);
  if (!success || data.from !== from || data.to !== to || data.draws.length !== to - from) return undefined;
  const lists = [data.seconds.attacking, data.nearest, data.first, ...data.draws.map(({ outcomes }) => outcomes)];
  return lists.every(({ length }) => length === cells) ? data : undefined;
}
