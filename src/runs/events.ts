import type { AuditChunk, Cell, DrawRange, Machine } from "../audit/index.ts";
import type { Picture } from "../formats/index.ts";
import type { Tick } from "../scenario/index.ts";
import type { ImageResult } from "./attack-result.ts";
import type { Tuned } from "./tuning.ts";

/** What a run tells while it works. */
export type RunEvent =
  /** An attack on some images goes on. */
  | { readonly kind: "attacking"; readonly images: readonly number[]; readonly tick: Tick }
  /** Some images are finished, now or by an earlier run. */
  | { readonly kind: "images"; readonly images: readonly ImageResult[]; readonly pictures: ReadonlyMap<string, Picture> }
  /** A cell of an audit goes on. */
  | { readonly kind: "drawing"; readonly cell: Cell; readonly draws: DrawRange & { readonly of: number }; readonly tick: Tick }
  /** Some draws are finished now. */
  | { readonly kind: "draws"; readonly chunk: AuditChunk; readonly tuning: boolean }
  /** A tuning is finished now. */
  | { readonly kind: "tuned"; readonly tuned: Tuned };

/** What a run needs from the machine that it runs on, and says in its result. */
export interface Surroundings {
  readonly machine: Machine;
  /** Of the programs that make the result. */
  readonly versions: Readonly<Record<string, string>>;
}
