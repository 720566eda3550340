import type { KeyBits } from "../random/index.ts";
import type { Scenario } from "../scenario/index.ts";
import type { Certified } from "./certified.ts";
import type { AuditChunk } from "./chunk.ts";
import type { Controls } from "./controls.ts";

/** An audit whose draws are finished. */
export interface FinishedDraws {
  readonly scenarios: readonly Scenario[];
  /** The names of the classes, by label. */
  readonly classes: readonly string[];
  /** All chunks, in order. */
  readonly chunks: readonly AuditChunk[];
  readonly lanes: number;
  readonly root: KeyBits;
  /** The two-sided confidence of each interval by itself. */
  readonly confidence: number;
  /** The gate as it was written, if there is one. */
  readonly failIf?: string;
  /** Whether the gate counts failed attacks as misses. */
  readonly acceptFailed?: boolean;
  readonly controls: Controls;
  /** What each defense certifies, if anything is said about that. */
  readonly certified?: Certified | undefined;
  readonly notes: readonly string[];
  /** The wall time of the phases before the draws. */
  readonly seconds: { readonly preparing: number; readonly tuning: number };
}
