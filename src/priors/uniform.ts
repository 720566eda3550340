import { constant } from "../graph/index.ts";
import { part } from "../spec/index.ts";
import type { Prior } from "./prior.ts";

/** Every picture is as likely as any other; on [0, 1] together with a search that stays in the box. */
export const uniform = part({
  kind: "uniform",
  doc: "Every picture is as likely as any other.",
  params: {},
  build: (): Prior => ({ density: () => ({ logProb: () => constant(0) }) }),
});
