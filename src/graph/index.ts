export { dependents, grad, rulesOf, topological, valueAndGrad } from "./differentiate.ts";
export { type Factors, Gradients, worthFactoring } from "./factored.ts";
export { fingerprint } from "./fingerprint.ts";
export { type Split, splitInvariant } from "./invariant.ts";
export { averagePool2d, channelsFirst, conv2d, inLayout, maxPool2d, type PoolOptions } from "./layers.ts";
export type { NamedNumbers, ShapedNumbers } from "./named.ts";
export type { Layout } from "./ops/convolution-window.ts";
export type { KeyDerivation, Sampler } from "./ops/randomness.ts";
export type { Emit, OnnxAttribute, Value } from "./ops/rules.ts";
export { type OpKind, type Ops, rules } from "./ops/table.ts";
export { root } from "./root.ts";
export { axisOf, broadcastShapes, range, type Shape, sameShape, showShape, sizeOf, stridesOf } from "./shape.ts";
export { simplify } from "./simplify.ts";
export {
  addAll,
  apply,
  concat,
  constant,
  type Dtype,
  type Entries,
  filled,
  input,
  iota,
  lift,
  type Operand,
  reduceTo,
  stack,
  Tensor,
  where,
} from "./tensor.ts";
export { leavesOf, mapTree, substitute, type Tree, vmap } from "./vectorize.ts";
