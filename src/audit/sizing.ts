import type { Scenario } from "../scenario/index.ts";

/** Lanes and chunk. Chosen by helper's function later. */
export const sizesFor = ({ samples, lanes = Math.min(16, samples), chunk = Math.max(16, lanes) }: { readonly scenarios: readonly Scenario[]; readonly samples: number; readonly lanes?: number; readonly chunk?: number }) => ({ lanes, chunk });
