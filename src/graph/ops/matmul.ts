import { range, type Shape, sameShape, showShape, sizeOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { type Family, type Rules, spreadAll, type Value } from "./rules.ts";

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export interface MatmulOps {
  matmul: Transposes;
}

const leading = (tensor: { shape: Shape }): Shape => tensor.shape.slice(0, -2);

/** Rows, inner extents and columns of the product. */
function extents({ transposeA, transposeB }: Transposes, a: { shape: Shape }, b: { shape: Shape }) {
  const [a0, a1] = a.shape.slice(-2) as [number, number];
  const [b0, b1] = b.shape.slice(-2) as [number, number];
  return { rows: transposeA ? a1 : a0, inner: transposeA ? a0 : a1, innerB: transposeB ? b1 : b0, columns: transposeB ? b0 : b1 };
}

/** Sums a gradient over the leading axes that its operand does not have. */
const withoutLead = (gradient: Tensor, operand: Tensor): Tensor =>
  gradient.rank > operand.rank ? gradient.sum(range(gradient.rank - operand.rank)) : gradient;

const matmulRule: Rules<Transposes> = {
  shape: (transposes, inputs) => {
    const [a, b] = inputs as [Tensor, Tensor];
    const fits = a.rank >= 2 && b.rank >= 2 && (a.rank === 2 || b.rank === 2 || sameShape(leading(a), leading(b)));
    const { rows, inner, innerB, columns } = extents(transposes, a, b);
    if (!fits || inner !== innerB)
      throw new RangeError(
        `${showShape(a.shape)}${transposes.transposeA ? "ᵀ" : ""} and ${showShape(b.shape)}${transposes.transposeB ? "ᵀ" : ""} have no matrix product`,
      );
    return [...(a.rank > 2 ? leading(a) : leading(b)), rows, columns];
  },
  gradient: ({ transposeA, transposeB }, { inputs, cotangent }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    return [
      withoutLead(transposeA ? b.matmul(cotangent, transposeB, true) : cotangent.matmul(b, false, !transposeB), a),
      withoutLead(transposeB ? cotangent.matmul(a, true, transposeA) : a.matmul(cotangent, !transposeA, false), b),
    ];
  },
  batch: (transposes, inputs, batched, lanes) => {
    const [a, b] = inputs as [Tensor, Tensor];
    const own = inputs.map((tensor, i) => tensor.rank - (batched[i] ? 1 : 0));
    if (own[0] === 2 && own[1] === 2) {
      const folds = batched[0] && !batched[1] && !transposes.transposeA;
      if (!folds) return apply("matmul", transposes, [a, b]);
      return apply("matmul", transposes, [a.reshape([-1, a.shape[2]!]), b]).reshape([lanes, a.shape[1]!, -1]);
    }
    if (own[1] === 2 && !batched[1]) return apply("matmul", transposes, [a, b]);
    if (own[0] === 2 && !batched[0]) return apply("matmul", transposes, [a, b]);
    const lead = leading({ shape: inputs[own[0]! > 2 ? 0 : 1]!.shape.slice(batched[own[0]! > 2 ? 0 : 1] ? 1 : 0) });
    const full = spreadAll(inputs, batched, lanes).map((tensor, i) =>
      own[i]! > 2
        ? tensor
        : tensor.reshape([lanes, ...lead.map(() => 1), ...tensor.shape.slice(-2)]).expand([lanes, ...lead, ...tensor.shape.slice(-2)]),
    );
    return apply("matmul", transposes, full);
  },
  onnx: ({ transposeA, transposeB }, { names, emit }) =>
    transposeA || transposeB
      ? emit.node("FusedMatMul", names, { transA: Number(transposeA), transB: Number(transposeB) }, "com.microsoft")
      : emit.node("MatMul", names),
  value: (transposes, inputs, { shape, size }) => {
    const [a, b] = inputs as [Value, Value];
    const { rows, inner, columns } = extents(transposes, a, b);
    const out = new Float64Array(size);
    const [stepRow, stepInner] = transposes.transposeA ? [1, rows] : [inner, 1];
    const [stepInnerB, stepColumn] = transposes.transposeB ? [1, inner] : [columns, 1];
    for (let batch = 0; batch < sizeOf(shape.slice(0, -2)); batch++) {
      const startA = a.shape.length > 2 ? batch * rows * inner : 0;
      const startB = b.shape.length > 2 ? batch * inner * columns : 0;
      for (let i = 0; i < rows; i++) {
        const to = (batch * rows + i) * columns;
        for (let k = 0; k < inner; k++) {
          const factor = a.data[startA + i * stepRow + k * stepInner]!;
          if (factor === 0) continue;
          const from = startB + k * stepInnerB;
          for (let j = 0; j < columns; j++) out[to + j]! += factor * b.data[from + j * stepColumn]!;
        }
      }
    }
    return out;
  },
};

/** The matrix product. Its two derivatives are matrix products again. */
export const matmul: Family<MatmulOps> = { matmul: matmulRule };
