/** The two parts of a data set: what is attacked comes from one, what is public from the other. */
export const splits = ["train", "test"] as const;

/** One of the two parts of a data set. */
export type Split = (typeof splits)[number];

/** The split that the given one is not. */
export const otherSplit = (split: Split): Split => (split === "train" ? "test" : "train");
