import { part } from "../parts/index.ts";
import type { Defense } from "./defense.ts";

/**
 * The client sends its gradient as it is. Its law is a point mass, which has no density; attacks
 * assume one of their own.
 */
export const none = part({
  kind: "none",
  doc: "Sends the gradient as it is.",
  params: {},
  build: (): Defense => ({ steps: [] }),
});
