/**
 * The two parts of a data set. The private images come from one, the public images from the other.
 */
export const splits = ["train", "test"] as const;

/** One of the two parts of a data set. */
export type Split = (typeof splits)[number];

/** The other of the two splits. */
export const otherSplit = (split: Split): Split => (split === "train" ? "test" : "train");
