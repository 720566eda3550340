import { describe, expect, it } from "vitest";
import { conv2d, grad, input, type Shape, type Tensor, vmap } from "../../src/graph/index.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";

const wave = (size: number, k: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i * (k + 1.3) + k));
const inputsOf = (shapes: Record<string, Shape>) =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)])) as Record<string, Tensor>;

/** Compares a program with float64, and gives its bytes as text. */
async function checked(shapes: Record<string, Shape>, build: (given: Record<string, Tensor>) => Record<string, Tensor>): Promise<string> {
  const given = inputsOf(shapes);
  const outputs = build(given);
  const feeds = Object.fromEntries(Object.entries(given).map(([name, { size }], k) => [name, wave(size, k)]));
  const program = await compile(outputs, { threads: 1 });
  const found = await program.run(feeds);
  await program.dispose();
  const names = Object.keys(outputs);
  evaluate(Object.values(outputs), feeds).forEach(({ data }, i) => {
    const scale = data.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
    const error = data.reduce((most, entry, at) => Math.max(most, Math.abs(found[names[i]!]![at]! - entry)), 0);
    expect(error, names[i]).toBeLessThan(1e-4 * scale);
  });
  return new TextDecoder("latin1").decode(toOnnx(outputs).bytes);
}

describe("A convolution of many images and its derivatives", () => {
  const faces = (x: Tensor, weight: Tensor, options: Parameters<typeof conv2d>[2]) => {
    const y = conv2d(x, weight, options);
    const [forImages, forWeights] = grad(y.square().sum(), [x, weight]);
    return { y, images: forImages!, weights: forWeights! };
  };
  it.each([
    { stride: 1, kernel: [3, 2] },
    { stride: [2, 1] as const, kernel: [2, 3] },
  ])("channels-last, in blocks of images: stride $stride, kernel $kernel", async ({ stride, kernel }) => {
    const text = await checked({ x: [6, 18, 17, 256], weight: [2, 256, ...kernel] }, ({ x, weight }) =>
      faces(x!, weight!, { stride, padding: 1, layout: "nhwc" }),
    );
    // Products of blocks are added up.
    expect(text).toContain("\x03Sum");
  });
  it.each([
    { stride: 1, kernel: [3, 2], padding: 1 },
    { stride: [1, 2] as const, kernel: [5, 3], padding: 2 },
  ])(
    "channels-first, whose weights' gradient is a product of rows: stride $stride, kernel $kernel",
    async ({ stride, kernel, padding }) => {
      const text = await checked({ x: [8, 9, 6, 7], weight: [4, 9, ...kernel] }, ({ x, weight }) =>
        faces(x!, weight!, { stride, padding, layout: "nchw" }),
      );
      expect(text).toContain("FusedMatMul");
    },
  );
});

describe("A convolution and a bias", () => {
  const [x, weight] = [
    [3, 2, 5, 6],
    [4, 2, 3, 3],
  ] as const;
  const last = [3, 5, 6, 2] as const;
  it("are one operation, in both layouts and for lanes of images", async () => {
    const first = await checked({ x, weight, bias: [4] }, ({ x, weight, bias }) => ({
      y: conv2d(x!, weight!).add(bias!.reshape([4, 1, 1])),
    }));
    expect(first).not.toContain("Add");
    const rows = await checked({ x: last, weight, bias: [4] }, ({ x, weight, bias }) => ({
      y: bias!.add(conv2d(x!, weight!, { layout: "nhwc", padding: 1 })),
    }));
    expect(rows).not.toContain("Add");
    expect(rows).toContain("Gemm");
    const lanes = await checked({ x: [2, ...x], weight, bias: [4] }, ({ x, weight, bias }) => ({
      y: vmap(({ x }: { x: Tensor }) => conv2d(x, weight!).add(bias!.reshape([4, 1, 1])))({ x: x! }),
    }));
    expect(lanes).not.toContain("Add");
  });
  it("are two where the convolution is read again, or where the number is not one a channel", async () => {
    const twice = await checked({ x, weight, bias: [4] }, ({ x, weight, bias }) => {
      const y = conv2d(x!, weight!);
      return { y: y.add(bias!.reshape([4, 1, 1])), square: y.square() };
    });
    expect(twice).toContain("Add");
    const columns = await checked({ x, weight: [4, 2, 2, 3], bias: [4] }, ({ x, weight, bias }) => ({ y: conv2d(x!, weight!).add(bias!) }));
    expect(columns).toContain("Add");
    const lanes = await checked({ x: [2, ...x], weight: [2, ...weight], bias: [2, 4] }, (each) => ({
      y: vmap(({ x, weight, bias }: { x: Tensor; weight: Tensor; bias: Tensor }) => conv2d(x, weight).add(bias.reshape([4, 1, 1])))({
        x: each.x!,
        weight: each.weight!,
        bias: each.bias!,
      }),
    }));
    expect(lanes).toContain("Add");
  });
});

describe("Sums", () => {
  it.each([
    [
      [1, 3, 4, 5],
      [1, 2],
    ],
    [[1, 1, 6, 2], [2]],
    [
      [1, 3, 1, 5],
      [1, 2],
    ],
    [[2, 3, 4], [1]],
  ])("of %j over %j are what they are, also of products with a factor that stays the same", async (shape, axes) => {
    const row = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    await checked({ x: shape, row }, ({ x, row }) => ({
      plain: x!.sum(axes),
      scaled: x!.square().mul(row!).sum(axes),
      turned: row!.mul(x!).neg().sum(axes),
      twice: x!.mul(row!).add(x!.mul(row!)),
      sine: x!.square().mul(x!).sum(axes),
    }));
  });
});
