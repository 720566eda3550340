import { sizeOf, stridesOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { emitConvolution, emitInputGradient, emitWeightGradient } from "./convolution-onnx.ts";
import { axesOf, type Extents, extentsOf, imageShape, type Pair, type Window } from "./convolution-window.ts";
import { type Family, type Rules, spreadAll, type Value } from "./rules.ts";

/** The three faces of one trilinear form ⟨y, x ∗ w⟩; each one's derivatives are the other two. */
export interface ConvolutionOps {
  /** y from (x, w). */
  conv: Window;
  /** The transpose in x: x from (y, w). `size` is the height and width of x. */
  convInput: Window & { readonly size: Pair };
  /** The transpose in w: w from (x, y). `kernel` is the height and width of w. */
  convWeight: Window & { readonly kernel: Pair };
}

type Face = "conv" | "convInput" | "convWeight";

/** Evaluates the form in float64. The requested face is accumulated from the other two. */
function accumulate(face: Face, window: Window, e: Extents, x: Float64Array, weight: Float64Array, y: Float64Array): void {
  const { stride, dilation, pads, groups } = window;
  const cg = e.c / groups;
  const og = e.o / groups;
  const [xn, xc, xh, xw] = imageStrides(window, e.n, e.c, e.h, e.w);
  const [yn, yo, yh, yw] = imageStrides(window, e.n, e.o, e.oh, e.ow);
  const sizes = { x: e.n * e.c * e.h * e.w, y: e.n * e.o * e.oh * e.ow, weight: e.o * cg * e.kh * e.kw };
  for (let lane = 0; lane < e.lanes; lane++)
    for (let n = 0; n < e.n; n++)
      for (let o = 0; o < e.o; o++)
        for (let c = 0; c < cg; c++)
          for (let i = 0; i < e.kh; i++)
            for (let j = 0; j < e.kw; j++) {
              const atWeight = lane * sizes.weight + ((o * cg + c) * e.kh + i) * e.kw + j;
              const channel = Math.floor(o / og) * cg + c;
              const k = weight[atWeight]!;
              let sum = 0;
              for (let row = 0; row < e.oh; row++) {
                const h = row * stride[0] + i * dilation[0] - pads[0];
                if (h < 0 || h >= e.h) continue;
                const first = Math.max(0, Math.ceil((pads[1] - j * dilation[1]) / stride[1]));
                const last = Math.min(e.ow - 1, Math.floor((e.w - 1 + pads[1] - j * dilation[1]) / stride[1]));
                const stepX = stride[1] * xw;
                let atX = lane * sizes.x + n * xn + channel * xc + h * xh + (first * stride[1] + j * dilation[1] - pads[1]) * xw;
                let atY = lane * sizes.y + n * yn + o * yo + row * yh + first * yw;
                if (face === "conv") for (let q = first; q <= last; q++, atX += stepX, atY += yw) y[atY]! += k * x[atX]!;
                else if (face === "convInput") for (let q = first; q <= last; q++, atX += stepX, atY += yw) x[atX]! += k * y[atY]!;
                else for (let q = first; q <= last; q++, atX += stepX, atY += yw) sum += x[atX]! * y[atY]!;
              }
              if (face === "convWeight") weight[atWeight]! += sum;
            }
}

function imageStrides(window: Window, n: number, c: number, h: number, w: number): readonly [number, number, number, number] {
  const strides = stridesOf(imageShape({ ...window, lanes: false }, 1, n, c, h, w));
  return axesOf(window.layout).map((axis) => strides[axis]!) as unknown as readonly [number, number, number, number];
}

/** Merges two leading lane axes. */
const foldLanes = (tensor: Tensor): Tensor => tensor.reshape([-1, ...tensor.shape.slice(2)]);

/** The operation on one operand for all lanes: the lane axis is merged into the images. */
function overImages({ layout }: Window, images: Tensor, lanes: number, build: (images: Tensor) => Tensor): Tensor {
  if (layout !== "hwcn") {
    const merged = build(foldLanes(images));
    return merged.reshape([lanes, -1, ...merged.shape.slice(1)]);
  }
  const all = lanes === 1 ? images : images.transpose([1, 2, 3, 0, 4]);
  const merged = build(all.reshape([...images.shape.slice(1, 4), -1]));
  const [h, w, c, n] = merged.shape as [number, number, number, number];
  if (lanes === 1) return merged.reshape([1, h, w, c, n]);
  return merged.reshape([h, w, c, lanes, n / lanes]).transpose([3, 0, 1, 2, 4]);
}

/** The lane rule if both operands vary: one more level of lanes, merged with the existing one. */
function batchBoth<A extends Window>(
  build: (attributes: A, inputs: readonly Tensor[]) => Tensor,
  attributes: A,
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  lanes: number,
): Tensor {
  const spread = spreadAll(inputs, batched, lanes);
  if (!attributes.lanes) return build({ ...attributes, lanes: true }, spread);
  const inner = spread[0]!.shape[1]!;
  const merged = build(attributes, spread.map(foldLanes));
  return merged.reshape([lanes, inner, ...merged.shape.slice(1)]);
}

const conv: Rules<ConvolutionOps["conv"]> = {
  shape: (window, [x, weight]) => {
    const e = extentsOf(window, { x: x!.shape, weight: weight!.shape });
    return imageShape(window, e.lanes, e.n, e.o, e.oh, e.ow);
  },
  gradient: (window, { inputs, cotangent }) => {
    const [x, weight] = inputs as [Tensor, Tensor];
    const { h, w, kh, kw } = extentsOf(window, { x: x.shape, weight: weight.shape });
    return [
      apply("convInput", { ...window, size: [h, w] }, [cotangent, weight]),
      apply("convWeight", { ...window, kernel: [kh, kw] }, [x, cotangent]),
    ];
  },
  batch: (window, inputs, batched, lanes) => {
    if (batched[1] || window.lanes) return batchBoth((a, operands) => apply("conv", a, operands), window, inputs, batched, lanes);
    return overImages(window, inputs[0]!, lanes, (images) => apply("conv", window, [images, inputs[1]!]));
  },
  onnx: (window, at) => emitConvolution(window, extentsOf(window, { x: at.inputs[0]!.shape, weight: at.inputs[1]!.shape }), at),
  value: (window, inputs, { size }) => {
    const [x, weight] = inputs as [Value, Value];
    const y = new Float64Array(size);
    accumulate("conv", window, extentsOf(window, { x: x.shape, weight: weight.shape }), x.data, weight.data, y);
    return y;
  },
};

const convInput: Rules<ConvolutionOps["convInput"]> = {
  shape: ({ size, ...window }, [y, weight]) => {
    const e = extentsOf(window, { y: y!.shape, weight: weight!.shape, size });
    return imageShape(window, e.lanes, e.n, e.c, e.h, e.w);
  },
  gradient: ({ size, ...window }, { inputs, cotangent }) => {
    const [y, weight] = inputs as [Tensor, Tensor];
    const { kh, kw } = extentsOf(window, { y: y.shape, weight: weight.shape, size });
    return [apply("conv", window, [cotangent, weight]), apply("convWeight", { ...window, kernel: [kh, kw] }, [cotangent, y])];
  },
  batch: (attributes, inputs, batched, lanes) => {
    if (batched[1] || attributes.lanes)
      return batchBoth((a, operands) => apply("convInput", a, operands), attributes, inputs, batched, lanes);
    return overImages(attributes, inputs[0]!, lanes, (images) => apply("convInput", attributes, [images, inputs[1]!]));
  },
  onnx: ({ size, ...window }, at) =>
    emitInputGradient(window, extentsOf(window, { y: at.inputs[0]!.shape, weight: at.inputs[1]!.shape, size }), at),
  value: ({ size, ...window }, inputs, output) => {
    const [y, weight] = inputs as [Value, Value];
    const x = new Float64Array(output.size);
    accumulate("convInput", window, extentsOf(window, { y: y.shape, weight: weight.shape, size }), x, weight.data, y.data);
    return x;
  },
};

const convWeight: Rules<ConvolutionOps["convWeight"]> = {
  shape: ({ kernel, ...window }, [x, y]) => {
    const e = extentsOf(window, { x: x!.shape, y: y!.shape, kernel });
    return [...(window.lanes ? [e.lanes] : []), e.o, e.c / window.groups, e.kh, e.kw];
  },
  gradient: ({ kernel, ...window }, { inputs, cotangent }) => {
    const [x, y] = inputs as [Tensor, Tensor];
    const { h, w } = extentsOf(window, { x: x.shape, y: y.shape, kernel });
    return [apply("convInput", { ...window, size: [h, w] }, [y, cotangent]), apply("conv", window, [x, cotangent])];
  },
  batch: (attributes, inputs, batched, lanes) =>
    batchBoth((a, operands) => apply("convWeight", a, operands), attributes, inputs, batched, lanes),
  onnx: ({ kernel, ...window }, at) =>
    emitWeightGradient(window, extentsOf(window, { x: at.inputs[0]!.shape, y: at.inputs[1]!.shape, kernel }), at),
  value: ({ kernel, ...window }, inputs, { shape }) => {
    const [x, y] = inputs as [Value, Value];
    const weight = new Float64Array(sizeOf(shape));
    accumulate("convWeight", window, extentsOf(window, { x: x.shape, y: y.shape, kernel }), x.data, weight, y.data);
    return weight;
  },
};

/**
 * Convolution and its two transposes. They are closed under differentiation, so gradients of any
 * order stay fast operations.
 */
export const convolution: Family<ConvolutionOps> = { conv, convInput, convWeight };
