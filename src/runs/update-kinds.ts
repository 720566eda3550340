/**
 * What an update from a file can be: a gradient, weights after training minus those before it, or
 * the weights after training.
 */
export const updateKinds = ["gradient", "difference", "weights"] as const;
export type UpdateKind = (typeof updateKinds)[number];
