import type { AuditChunk } from "./chunk.ts";

/**
 * The work of one cell: evaluations of the objective, of all restarts, times the points and the
 * images behind each. It is what attacks are compared at: a step may take several evaluations, and
 * an evaluation several points.
 *
 * @param points k, the points of the ball; 1 for a point attack.
 */
export const workOf = (chunks: readonly AuditChunk[], cell: number, points: number, batchSize: number): number =>
  chunks.reduce((sum, { draws }) => sum + draws.reduce((all, { outcomes }) => all + outcomes[cell]!.evaluations, 0), 0) *
  points *
  batchSize;

/** Amounts of work within this factor of each other are equal: attacks stop at steps of their own. */
const tolerance = 1.1;

/** Whether two amounts of work are equal. */
export const equalWork = (one: number, other: number): boolean => Math.max(one, other) <= tolerance * Math.min(one, other);
