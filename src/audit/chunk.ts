import { z } from "zod";
import { type Stop, stops } from "../adversary/index.ts";
import { limits } from "../scenario/index.ts";
import type { DrawRange } from "./draw-keys.ts";
import { mixingSchema } from "./mixing.ts";

const outcome = z.strictObject({
  distances: z.array(z.number().nonnegative().nullable()),
  /**
   * The distances to what the attack is not after: the originals, or the images that the network
   * saw. They are absent if the defense changes no images.
   */
  beside: z.array(z.number().nonnegative().nullable()).optional(),
  /** The attacker's own objective at the end; null if it is not a number or the attack has none. */
  objective: z.number().nullable(),
  steps: z.int().nonnegative(),
  evaluations: z.int().nonnegative(),
  stopped: z.enum(Object.keys(stops) as [Stop, ...Stop[]]).nullable(),
  /** The share of ‖g‖² that the answer explains; null if it is not a number or was not measured. */
  explained: z.number().nullable(),
  /** What limits the answer; null if all of the draw is recovered or the attack has no objective. */
  limit: z.enum(limits).nullable(),
  /**
   * The number of labels of the batch that the attack found, as a batch without order, and whether
   * it read them from small gradients. It is null if labels were given.
   */
  labels: z.strictObject({ right: z.int().nonnegative(), faint: z.boolean() }).nullable(),
  /** What the attack says of its posterior, if it has one. */
  success: z.number().optional(),
  mixing: mixingSchema.optional(),
  /** The member of a battery, or the try, whose answer was taken; absent for attacks with one search. */
  by: z.string().optional(),
});
const example = z.strictObject({
  draw: z.int().nonnegative(),
  place: z.int().nonnegative(),
  index: z.int().nonnegative(),
  label: z.int().nonnegative(),
  distance: z.number().nonnegative(),
  /** PNG files in base64, what the attack is after before the reconstruction; absent for vectors. */
  images: z.tuple([z.base64(), z.base64()]).optional(),
});

/**
 * The form of a file in `draws/`: some finished draws of an audit. Lists over cells are in the
 * order of {@link cellsOf}.
 */
const chunkSchema = z.strictObject({
  format: z.literal("gradleak-draws-3"),
  from: z.int().nonnegative(),
  to: z.int().positive(),
  /** The threads of the runtime; null if it chose them. */
  threads: z.int().positive().nullable(),
  /**
   * The number of public examples that were searched for the nearest to each original; 0 if none
   * are public.
   */
  publicExamples: z.int().nonnegative(),
  /**
   * The wall time of the clients with their defenses, of each cell's attack, of the controls, and of
   * distances, baselines and diagnoses.
   */
  seconds: z.strictObject({
    simulating: z.number().nonnegative(),
    attacking: z.array(z.number().nonnegative()),
    controls: z.number().nonnegative(),
    scoring: z.number().nonnegative(),
  }),
  draws: z.array(
    z.strictObject({
      /** The positions of its batch in the data set, and the labels. */
      images: z.array(z.int().nonnegative()),
      labels: z.array(z.int().nonnegative()),
      /** The clients whose batches are joined, where each holds examples of its own. */
      clients: z.array(z.int().nonnegative()).optional(),
      /** The distances of the guesses without the update, one per input of the batch. */
      guesses: z.record(z.string(), z.array(z.number().nonnegative())),
      /**
       * The distances of the nearest public examples, one per input of the batch; null if none are
       * public.
       */
      nearestPublic: z.array(z.number().nonnegative()).nullable(),
      /** The share of ‖g‖² that the truth explains behind each defense; null if not measured. */
      explainable: z.array(z.number().nullable()),
      /** What each defense says that it did to the update. */
      facts: z.array(z.record(z.string(), z.number())),
      /** The distances of each control; empty if the draw has none. */
      controls: z.array(z.array(z.number().nonnegative().nullable())),
      /** One outcome per cell. A distance is null if the reconstruction is not a number. */
      outcomes: z.array(outcome),
    }),
  ),
  /** The nearest reconstruction of each cell; null if none is a number. */
  nearest: z.array(example.nullable()),
  /**
   * The reconstruction of the very first draw in each cell; null if it is not in this chunk or not
   * a number.
   */
  first: z.array(example.nullable()),
});
/** Some finished draws of an audit. */
export type AuditChunk = z.output<typeof chunkSchema>;
/** The outcome of one draw in one cell. */
export type Outcome = z.output<typeof outcome>;
/** A reconstruction and its original. */
export type AuditedExample = z.output<typeof example>;

/**
 * Reads a finished chunk. It returns undefined if the chunk is damaged, has other draws or another
 * number of cells; the caller then makes it again.
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
