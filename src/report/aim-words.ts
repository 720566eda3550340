import type { Result } from "../runs/index.ts";

/** Whether the defense changed the images, and the attack is after what the network saw. */
type Aimed = { readonly aim?: "transformed" | "original" | undefined };

/** What an attack may be after, in a few words. */
export const aimWords = { transformed: "what the network saw", original: "the original" } as const;

/** What reconstructions are compared with, in words. */
export const aimedAt = ({ aim }: Aimed): string => (aim === "transformed" ? "the image that the network saw" : "the original");

/** What the attacks of an attack's result are after. */
export const aimOf = ({ summary }: Pick<Result, "summary">): Aimed => ({ aim: summary.targets?.aim });
