import { broadcastShapes, type Shape, stridesOf } from "../shape.ts";
import { apply, reduceTo, type Tensor, where } from "../tensor.ts";
import type { Family, GradientContext, Rules, Value } from "./rules.ts";

type None = Record<never, never>;
type UnaryKind =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "abs"
  | "sign"
  | "erf"
  | "relu"
  | "sigmoid"
  | "tanh"
  | "softplus"
  | "not"
  | "toFloat"
  | "stopGradient";
type BinaryKind = "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum";
type ComparisonKind = "less" | "lessEqual" | "greater" | "greaterEqual" | "equal" | "and" | "or";

export type ElementwiseOps = { [K in UnaryKind | BinaryKind | ComparisonKind | "where"]: None };

/** The operands of an elementwise operation, with the lane axis in front of all their axes. */
function alignLanes(inputs: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...inputs.map((tensor, i) => tensor.rank - (batched[i] ? 1 : 0)));
  return inputs.map((tensor, i) => {
    if (!batched[i]) return tensor;
    const [lanes, ...own] = tensor.shape as [number, ...number[]];
    return tensor.reshape([lanes, ...new Array<number>(rank - own.length).fill(1), ...own]);
  });
}

/** Calls `visit` for each entry of `shape` with the offsets of the operands, which broadcast. */
function eachEntry(inputs: readonly Value[], shape: Shape, visit: (at: number, offsets: Int32Array) => void): void {
  const rank = shape.length;
  const strides = inputs.map((value) => {
    const own = stridesOf(value.shape);
    return shape.map((_, axis) => {
      const mine = axis - rank + value.shape.length;
      return mine < 0 || value.shape[mine] === 1 ? 0 : own[mine]!;
    });
  });
  const counter = new Int32Array(rank);
  const offsets = new Int32Array(inputs.length);
  const size = shape.reduce((product, extent) => product * extent, 1);
  for (let at = 0; at < size; at++) {
    visit(at, offsets);
    for (let axis = rank - 1; axis >= 0; axis--) {
      counter[axis]!++;
      for (let i = 0; i < offsets.length; i++) offsets[i]! += strides[i]![axis]!;
      if (counter[axis]! < shape[axis]!) break;
      for (let i = 0; i < offsets.length; i++) offsets[i]! -= strides[i]![axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
}

function unary(
  kind: UnaryKind,
  onnxType: string,
  value: (x: number) => number,
  derivative: (at: GradientContext) => Tensor | undefined,
): Rules<None> {
  return {
    shape: (_, [x]) => x!.shape,
    gradient: (_, at) => [derivative(at)],
    batch: (_, [x]) => apply(kind, {}, [x!]),
    onnx: (_, { names, emit }) => emit.node(onnxType, names),
    value: (_, [x]) => x!.data.map(value),
  };
}

function binary(
  kind: BinaryKind | ComparisonKind,
  onnxType: string,
  value: (a: number, b: number) => number,
  derivative: (at: GradientContext, a: Tensor, b: Tensor) => readonly [Tensor?, Tensor?],
): Rules<None> {
  return {
    shape: (_, inputs) => broadcastShapes(...inputs.map((tensor) => tensor.shape)),
    gradient: (_, at) => {
      const [a, b] = at.inputs as [Tensor, Tensor];
      const [da, db] = derivative(at, a, b);
      return [da && reduceTo(da, a.shape), db && reduceTo(db, b.shape)];
    },
    batch: (_, inputs, batched) => apply(kind, {}, alignLanes(inputs, batched)),
    onnx: (_, { names, emit }) => emit.node(onnxType, names),
    value: (_, inputs, { shape, size }) => {
      const [a, b] = inputs as [Value, Value];
      const out = new Float64Array(size);
      eachEntry([a, b], shape, (at, offsets) => {
        out[at] = value(a.data[offsets[0]!]!, b.data[offsets[1]!]!);
      });
      return out;
    },
  };
}

const comparison = (kind: ComparisonKind, onnxType: string, value: (a: number, b: number) => boolean): Rules<None> => ({
  ...binary(
    kind,
    onnxType,
    (a, b) => Number(value(a, b)),
    () => [],
  ),
  dtype: () => "mask",
});

/**
 * The error function: a power series near 0, and a continued fraction of erfc beyond (Abramowitz &
 * Stegun 7.1.5, 7.1.14).
 */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
}

const sigmoidOf = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

const whereRule: Rules<None> = {
  shape: (_, inputs) => broadcastShapes(...inputs.map((tensor) => tensor.shape)),
  gradient: (_, { inputs, cotangent }) => {
    const [mask, a, b] = inputs as [Tensor, Tensor, Tensor];
    return [undefined, reduceTo(where(mask, cotangent, 0), a.shape), reduceTo(where(mask, 0, cotangent), b.shape)];
  },
  batch: (_, inputs, batched) => apply("where", {}, alignLanes(inputs, batched)),
  onnx: (_, { names, emit }) => emit.node("Where", names),
  value: (_, inputs, { shape, size }) => {
    const [mask, a, b] = inputs as [Value, Value, Value];
    const out = new Float64Array(size);
    eachEntry([mask, a, b], shape, (at, offsets) => {
      out[at] = mask.data[offsets[0]!] ? a.data[offsets[1]!]! : b.data[offsets[2]!]!;
    });
    return out;
  },
};

/** Operations on each entry by itself. Binary ones broadcast. */
export const elementwise: Family<ElementwiseOps> = {
  neg: unary(
    "neg",
    "Neg",
    (x) => -x,
    ({ cotangent }) => cotangent.neg(),
  ),
  exp: unary("exp", "Exp", Math.exp, ({ cotangent, output }) => cotangent.mul(output)),
  log: unary("log", "Log", Math.log, ({ cotangent, inputs }) => cotangent.div(inputs[0]!)),
  sqrt: unary("sqrt", "Sqrt", Math.sqrt, ({ cotangent, output }) => cotangent.mul(0.5).div(output)),
  abs: unary("abs", "Abs", Math.abs, ({ cotangent, inputs }) => cotangent.mul(inputs[0]!.sign())),
  sign: {
    ...unary("sign", "Sign", Math.sign, () => undefined),
    // ONNX Runtime's own Sign is a scalar loop on one thread. This version is exact for all but
    // denormal numbers.
    onnx: (_, { names, emit }) =>
      emit.node("Clip", [emit.node("Mul", [names[0]!, emit.floats([2 ** 127], [])]), emit.floats([-1], []), emit.floats([1], [])]),
  },
  erf: unary("erf", "Erf", erf, ({ cotangent, inputs }) =>
    cotangent.mul(
      inputs[0]!
        .square()
        .neg()
        .exp()
        .mul(2 / Math.sqrt(Math.PI)),
    ),
  ),
  relu: unary(
    "relu",
    "Relu",
    (x) => (x > 0 || Number.isNaN(x) ? x : 0),
    ({ cotangent, inputs }) => where(inputs[0]!.greater(0), cotangent, 0),
  ),
  sigmoid: unary("sigmoid", "Sigmoid", sigmoidOf, ({ cotangent, output }) => cotangent.mul(output.sub(output.square()))),
  tanh: unary("tanh", "Tanh", Math.tanh, ({ cotangent, output }) => cotangent.sub(cotangent.mul(output.square()))),
  softplus: unary(
    "softplus",
    "Softplus",
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    ({ cotangent, inputs }) => cotangent.mul(inputs[0]!.sigmoid()),
  ),
  not: {
    ...unary(
      "not",
      "Not",
      (x) => Number(!x),
      () => undefined,
    ),
    dtype: () => "mask",
  },
  toFloat: {
    ...unary(
      "toFloat",
      "Cast",
      (x) => x,
      () => undefined,
    ),
    onnx: (_, { names, emit }) => emit.node("Cast", names, { to: 1 }),
  },
  stopGradient: {
    ...unary(
      "stopGradient",
      "Identity",
      (x) => x,
      () => undefined,
    ),
    onnx: (_, { names }) => names[0]!,
  },

  add: binary(
    "add",
    "Add",
    (a, b) => a + b,
    ({ cotangent }) => [cotangent, cotangent],
  ),
  sub: binary(
    "sub",
    "Sub",
    (a, b) => a - b,
    ({ cotangent }) => [cotangent, cotangent.neg()],
  ),
  mul: binary(
    "mul",
    "Mul",
    (a, b) => a * b,
    ({ cotangent }, a, b) => [cotangent.mul(b), cotangent.mul(a)],
  ),
  div: binary(
    "div",
    "Div",
    (a, b) => a / b,
    ({ cotangent, output }, _, b) => {
      const da = cotangent.div(b);
      return [da, da.mul(output).neg()];
    },
  ),
  pow: binary(
    "pow",
    "Pow",
    (a, b) => a ** b,
    ({ cotangent, output }, a, b) => [
      cotangent.mul(b).mul(a.pow(b.sub(1))),
      cotangent.mul(where(a.greater(0), output.mul(where(a.greater(0), a, 1).log()), 0)),
    ],
  ),
  minimum: binary("minimum", "Min", Math.min, ({ cotangent }, a, b) => [
    where(a.less(b), cotangent, where(a.equal(b), cotangent.mul(0.5), 0)),
    where(b.less(a), cotangent, where(a.equal(b), cotangent.mul(0.5), 0)),
  ]),
  maximum: binary("maximum", "Max", Math.max, ({ cotangent }, a, b) => [
    where(a.greater(b), cotangent, where(a.equal(b), cotangent.mul(0.5), 0)),
    where(b.greater(a), cotangent, where(a.equal(b), cotangent.mul(0.5), 0)),
  ]),

  less: comparison("less", "Less", (a, b) => a < b),
  lessEqual: comparison("lessEqual", "LessOrEqual", (a, b) => a <= b),
  greater: comparison("greater", "Greater", (a, b) => a > b),
  greaterEqual: comparison("greaterEqual", "GreaterOrEqual", (a, b) => a >= b),
  equal: comparison("equal", "Equal", (a, b) => a === b),
  and: comparison("and", "And", (a, b) => Boolean(a && b)),
  or: comparison("or", "Or", (a, b) => Boolean(a || b)),
  where: whereRule,
};
