import { z } from "zod";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { adaptive, attackOrAuto, type Completed, dataSpec, dpDelta, shared } from "./spec.ts";

/**
 * The schema of a spec of `gradleak attack`. The hash of the completed spec's canonical JSON names
 * the result.
 */
export const attackSpec = z.strictObject({
  command: z.literal("attack"),
  ...shared,
  data: dataSpec.extend({ images: z.array(z.int().nonnegative()).min(1) }),
  defense: z
    .unknown()
    .default("none")
    .transform((given) => defenses.parse(given)),
  attack: attackOrAuto,
  adaptive,
  /** The δ of (ε, δ)-differential privacy. By default 1e-5. */
  dpDelta,
  /** The number of updates that one program attacks together. */
  lanes: z.int().positive().max(4096).default(1),
});
export type AttackSpec = Completed<z.output<typeof attackSpec>>;

/**
 * @throws LeakageError `spec` for images that do not make whole updates, or an image that is given
 * twice.
 */
export function requireUpdates({ data: { images }, client: { batch } }: Pick<AttackSpec, "data" | "client">): void {
  if (images.length % batch !== 0)
    throw new LeakageError("spec", `${images.length} images do not make whole updates of ${batch}; give a multiple of ${batch}.`);
  if (new Set(images).size < images.length) throw new LeakageError("spec", "An image is given twice; give each index once.");
}

/**
 * The images of a spec in the parts that are attacked together: `lanes` updates of `batch` images.
 */
export function updatesOf({ data: { images }, client: { batch }, lanes }: AttackSpec): readonly (readonly (readonly number[])[])[] {
  const updates = Array.from({ length: images.length / batch }, (_, i) => images.slice(i * batch, (i + 1) * batch));
  return Array.from({ length: Math.ceil(updates.length / lanes) }, (_, i) => updates.slice(i * lanes, (i + 1) * lanes));
}
