import type { AuditChunk, AuditResult, Cell, DrawRange, Machine } from "../audit/index.ts";
import type { RasterImage } from "../formats/index.ts";
import type { Tick } from "../scenario/index.ts";
import type { ImageResult } from "./attack-result.ts";
import type { Tuned } from "./tuning.ts";

/** A report of progress. */
export type RunEvent =
  /** Something that a reader must know before the attack begins. */
  | { readonly kind: "remark"; readonly sentence: string }
  /** An attack on some images made progress. */
  | { readonly kind: "attacking"; readonly images: readonly number[]; readonly tick: Tick }
  /** Some images are finished, now or by an earlier run. `adaptive` says which of two attacks made them. */
  | {
      readonly kind: "images";
      readonly images: readonly ImageResult[];
      readonly rasters: ReadonlyMap<string, RasterImage>;
      readonly adaptive?: boolean;
    }
  /** A cell of an audit made progress. */
  | { readonly kind: "drawing"; readonly cell: Cell; readonly draws: DrawRange & { readonly of: number }; readonly tick: Tick }
  /** Some draws are finished now. */
  | { readonly kind: "draws"; readonly chunk: AuditChunk; readonly tuning: boolean }
  /** A tuning is finished now. */
  | { readonly kind: "tuned"; readonly tuned: Tuned }
  /** A round of a training is finished. */
  | { readonly kind: "training"; readonly tick: Tick }
  /** The accuracy of a training was measured. */
  | {
      readonly kind: "measured";
      readonly round: number;
      readonly of: number;
      /** The loss of the round; null before the first one. */
      readonly loss: number | null;
      readonly accuracy: number;
    }
  /** What clients of a training send was audited. */
  | { readonly kind: "audited"; readonly round: number; readonly result: AuditResult };

/** What a run needs from its machine and states in its result. */
export interface Surroundings {
  readonly machine: Machine;
  /** The versions of the programs that make the result. */
  readonly versions: Readonly<Record<string, string>>;
}
