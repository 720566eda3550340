import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";

/**
 * The client sends its gradient unchanged. The law is a point mass, which has no density, so an
 * attack assumes a likelihood for it.
 */
export const none = part({
  kind: "none",
  doc: "Sends the gradient unchanged.",
  params: {},
  build: (): Defense => ({ steps: [] }),
});
