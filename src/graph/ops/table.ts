import { type ConvolutionOps, convolution } from "./convolution.ts";
import { type ElementwiseOps, elementwise } from "./elementwise.ts";
import { type IndexingOps, indexing } from "./indexing.ts";
import { type LeafOps, leaves } from "./leaves.ts";
import { type MatmulOps, matmul } from "./matmul.ts";
import { type MovementOps, movement } from "./movement.ts";
import { type PoolingOps, pooling } from "./pooling.ts";
import { type DrawOps, draws } from "./randomness.ts";
import { type ReductionOps, reductions } from "./reductions.ts";
import type { Family, Rules } from "./rules.ts";

/** Every operation with its attributes. */
export interface Ops
  extends LeafOps,
    ElementwiseOps,
    ReductionOps,
    MovementOps,
    IndexingOps,
    MatmulOps,
    ConvolutionOps,
    PoolingOps,
    DrawOps {}

/** The name of an operation. */
export type OpKind = keyof Ops;

const table = {
  ...leaves,
  ...elementwise,
  ...reductions,
  ...movement,
  ...indexing,
  ...matmul,
  ...convolution,
  ...pooling,
  ...draws,
} satisfies Family<Ops>;

/** The rules of every operation. An operation with a missing rule does not compile. */
export const rules = table as unknown as { readonly [K in OpKind]: Rules<Ops[K]> };
