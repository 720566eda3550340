import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  apply,
  averagePool2d,
  concat,
  constant,
  conv2d,
  maxPool2d,
  type OpKind,
  rules,
  type Shape,
  sizeOf,
  type Tensor,
  where,
} from "../../src/graph/index.ts";
import { Key, keyFromSeed, shuffled } from "../../src/random/index.ts";
import { evaluate } from "../../src/runtime/index.ts";
import { type Case, checkDerivatives, checkLanes, checkRuntime } from "./evidence.ts";

const one = (build: (x: Tensor) => Tensor, from = -1, to = 1): Case[] => [{ shapes: [[2, 3]], build, from, to }];
const two = (build: (a: Tensor, b: Tensor) => Tensor, from = -1, to = 1): Case[] =>
  (
    [
      [
        [2, 3],
        [2, 3],
      ],
      [[2, 3], [3]],
      [[4, 1], [3]],
      [[], [2, 2]],
    ] as Shape[][]
  ).map((shapes) => ({ shapes, build: build as Case["build"], from, to }));
const window = { stride: [1, 2], dilation: [2, 1], pads: [1, 0, 2, 1], groups: 2, layout: "nchw", lanes: false } as const;
const plain = { stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1], groups: 1, layout: "nhwc", lanes: false } as const;
const index = (...values: number[]) => constant(values, [2, values.length / 2], "index");

/** Cases for every operation; an operation without one does not compile. */
const cases: Record<OpKind, Case[]> = {
  input: one((x) => x),
  constant: one((x) => x.add(constant([1, 2, 3]))),
  neg: one((x) => x.neg()),
  exp: one((x) => x.exp()),
  log: one((x) => x.log(), 0.5, 2),
  sqrt: one((x) => x.sqrt(), 0.5, 2),
  abs: one((x) => x.abs().mul(x)),
  sign: one((x) => x.sign().mul(x.square())),
  erf: one((x) => x.mul(3).erf()),
  relu: one((x) => x.relu().square()),
  sigmoid: one((x) => x.sigmoid()),
  tanh: one((x) => x.tanh()),
  softplus: one((x) => x.softplus()),
  not: one((x) => where(x.greater(0.1).not(), x.square(), x.mul(3))),
  toFloat: one((x) => x.greater(0.1).toFloat().mul(x.square())),
  stopGradient: one((x) => x.square().add(x.exp().stopGradient().sub(x.exp().stopGradient()))),
  add: two((a, b) => a.add(b).square()),
  sub: two((a, b) => a.sub(b).square()),
  mul: two((a, b) => a.mul(b)),
  div: two((a, b) => a.div(b), 0.5, 2),
  pow: two((a, b) => a.pow(b), 0.5, 2),
  minimum: two((a, b) => a.minimum(b).square()),
  maximum: two((a, b) => a.maximum(b).square()),
  less: two((a, b) => where(a.less(b), a.square(), b)),
  lessEqual: two((a, b) => where(a.lessEqual(b), a.square(), b)),
  greater: two((a, b) => where(a.greater(b), a.square(), b)),
  greaterEqual: two((a, b) => where(a.greaterEqual(b), a.square(), b)),
  equal: two((a, b) => where(a.equal(b), a.square(), b.square())),
  and: two((a, b) => where(a.greater(0).and(b.greater(0)), a.mul(b), b.square())),
  or: two((a, b) => where(a.greater(0).or(b.greater(0)), a.mul(b), b.square())),
  where: two((a, b) => where(a.greater(0), a.mul(b), b.square())),
  sum: [
    { shapes: [[2, 3, 4]], build: (x) => x.square().sum([0, 2]) },
    { shapes: [[2, 700]], build: (x) => x.square().sum() },
  ],
  max: [{ shapes: [[2, 3, 4]], build: (x) => x.max([0, 2]).square() }],
  argmax: [{ shapes: [[2, 3, 4]], build: (x) => x.argmax().oneHot(4).mul(x.square()) }],
  reshape: one((x) => x.square().reshape([3, -1])),
  transpose: [{ shapes: [[2, 3, 4]], build: (x) => x.square().transpose([2, 0, 1]) }],
  slice: [{ shapes: [[3, 5]], build: (x) => x.square().slice([1, 2], [2, 3]) }],
  pad: [{ shapes: [[3, 5]], build: (x) => x.square().pad([1, 0], [0, 2], 7) }],
  concat: [
    {
      shapes: [
        [2, 3],
        [2, 2],
      ],
      build: (a, b) => concat([a!.square(), b!], 1),
    },
  ],
  expand: [{ shapes: [[3, 1]], build: (x) => x.square().expand([2, 3, 4]) }],
  gather: [{ shapes: [[3, 4]], build: (x) => x.square().gather(1, Int32Array.of(3, 0, 0, 2, 1)) }],
  scatter: [
    { shapes: [[3, 4]], build: (x) => x.square().scatter(1, Int32Array.of(3, 0, 0, 2), 6) },
    { shapes: [[2, 3]], build: (x) => x.square().scatter(0, Int32Array.of(1, 0), 2) },
  ],
  take: [{ shapes: [[2, 4]], build: (x) => x.square().take(index(3, 0, 0, 2, 1, 1)) }],
  put: [{ shapes: [[2, 3]], build: (x) => x.square().put(index(3, 0, 0, 2, 1, 1), 5) }],
  matmul: [
    {
      shapes: [
        [2, 3],
        [3, 4],
      ],
      build: (a, b) => a!.matmul(b!),
    },
    {
      shapes: [
        [3, 2],
        [4, 3],
      ],
      build: (a, b) => a!.matmul(b!, true, true),
    },
    {
      shapes: [
        [2, 3],
        [4, 3],
      ],
      build: (a, b) => a!.matmul(b!, false, true),
    },
    {
      shapes: [
        [5, 3, 2],
        [5, 3, 4],
      ],
      build: (a, b) => a!.matmul(b!, true, false),
    },
    {
      shapes: [
        [5, 2, 3],
        [3, 4],
      ],
      build: (a, b) => a!.matmul(b!),
    },
    {
      shapes: [
        [2, 3],
        [5, 4, 3],
      ],
      build: (a, b) => a!.matmul(b!, false, true),
    },
  ],
  conv: [
    {
      shapes: [
        [2, 4, 6, 7],
        [6, 2, 2, 3],
      ],
      build: (x, w) => apply("conv", window, [x!, w!]),
    },
    {
      shapes: [
        [2, 5, 4, 3],
        [2, 3, 3, 3],
      ],
      build: (x, w) => apply("conv", plain, [x!, w!]),
    },
  ],
  convInput: [
    {
      shapes: [
        [2, 6, 7, 3],
        [6, 2, 2, 3],
      ],
      build: (y, w) => apply("convInput", { ...window, size: [6, 7] }, [y!, w!]),
    },
    {
      shapes: [
        [2, 5, 4, 2],
        [2, 3, 3, 3],
      ],
      build: (y, w) => apply("convInput", { ...plain, size: [5, 4] }, [y!, w!]),
    },
  ],
  convWeight: [
    {
      shapes: [
        [2, 4, 6, 7],
        [2, 6, 7, 3],
      ],
      build: (x, y) => apply("convWeight", { ...window, kernel: [2, 3] }, [x!, y!]),
    },
    {
      shapes: [
        [2, 5, 4, 3],
        [2, 5, 4, 2],
      ],
      build: (x, y) => apply("convWeight", { ...plain, kernel: [3, 3] }, [x!, y!]),
    },
  ],
  meanPool: [{ shapes: [[2, 3, 6, 5]], build: (x) => apply("meanPool", { kernel: [2, 3], stride: [2, 1] }, [x!.square()]) }],
  meanPoolTranspose: [
    { shapes: [[2, 3, 3, 3]], build: (x) => apply("meanPoolTranspose", { kernel: [2, 3], stride: [2, 1], size: [6, 5] }, [x!.square()]) },
  ],
  maxRoute: [
    { shapes: [[2, 3, 7, 5]], build: (x) => maxPool2d(x.square(), { kernel: [3, 2], stride: 2, padding: [1, 0], ceilMode: true }) },
  ],
  // Draws have no differentiable inputs; see the properties below.
  draw: [],
  foldIn: [],
};

describe.each((Object.keys(cases) as OpKind[]).filter((kind) => cases[kind].length > 0))("%s", (kind) => {
  it.each(cases[kind].map((each, i) => [i, each] as const))("case %i: derivatives to second order", (_, each) => {
    checkDerivatives(each);
  });
  it.each(cases[kind].map((each, i) => [i, each] as const))("case %i: lanes", (_, each) => {
    checkLanes(each);
  });
  it.each(cases[kind].map((each, i) => [i, each] as const))("case %i: ONNX Runtime", async (_, each) => {
    await checkRuntime(each);
  });
});

describe("properties", () => {
  const convolutions = fc
    .record({
      n: fc.integer({ min: 1, max: 2 }),
      groups: fc.integer({ min: 1, max: 3 }),
      cg: fc.integer({ min: 1, max: 3 }),
      og: fc.integer({ min: 1, max: 2 }),
      h: fc.integer({ min: 3, max: 8 }),
      w: fc.integer({ min: 3, max: 8 }),
      kh: fc.integer({ min: 1, max: 3 }),
      kw: fc.integer({ min: 1, max: 3 }),
      stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
      pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
      layout: fc.constantFrom("nchw" as const, "nhwc" as const, "hwcn" as const),
    })
    .filter(
      ({ h, w, kh, kw, dilation, pads }) =>
        h + pads[0] + pads[2] > dilation[0] * (kh - 1) && w + pads[1] + pads[3] > dilation[1] * (kw - 1),
    );

  it("convolutions of all shapes, strides, dilations, groups and layouts", async () => {
    await fc.assert(
      fc.asyncProperty(convolutions, async ({ n, groups, cg, og, h, w, kh, kw, stride, dilation, pads, layout }) => {
        const each: Case = {
          shapes: [[...layout].map((axis) => ({ n, c: groups * cg, h, w })[axis]!), [groups * og, cg, kh, kw]],
          build: (x, weight) => conv2d(x!, weight!, { stride, dilation, padding: pads, groups, layout }),
        };
        checkDerivatives(each);
        checkLanes(each, 2);
        await checkRuntime(each);
        // The same with a lane axis, for all three faces at once.
        await checkRuntime({
          shapes: each.shapes.map((shape) => [2, ...shape]),
          build: (x, weight) => apply("conv", { stride, dilation, pads, groups, layout, lanes: true }, [x!, weight!]),
        });
      }),
      { numRuns: 25 },
    );
  });

  it("transposes of many entries in any order, with and without axes of extent 1", async () => {
    const orders = fc.record({
      extents: fc.shuffledSubarray([1, 3, 8, 16, 20], { minLength: 4, maxLength: 5 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(
        orders.filter(({ extents }) => sizeOf(extents) >= 2 ** 12),
        async ({ extents, seed }) => {
          const order = shuffled(extents.length, keyFromSeed(seed));
          await checkRuntime({ shapes: [extents], build: (x) => x.transpose(order) });
        },
      ),
      { numRuns: 25 },
    );
  });

  it("sums of many entries over any axes", async () => {
    const sums = fc.record({
      extents: fc.shuffledSubarray([2, 3, 16, 25, 40], { minLength: 4, maxLength: 5 }),
      axes: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(
        sums.filter(({ extents }) => sizeOf(extents) >= 2 ** 14),
        async ({ extents, axes }) => {
          await checkRuntime({ shapes: [extents], build: (x) => x.sum(axes), from: 0.5, to: 1 });
        },
      ),
      { numRuns: 25 },
    );
  });

  it("pools of all shapes by PyTorch's rules", async () => {
    const pools = fc.record({
      h: fc.integer({ min: 4, max: 9 }),
      w: fc.integer({ min: 4, max: 9 }),
      kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
      stride: fc.integer({ min: 1, max: 3 }),
      half: fc.boolean(),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
      max: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(pools, async ({ h, w, kernel, stride, half, ceilMode, countIncludePad, max }) => {
        const padding = half ? ([Math.floor(kernel[0] / 2), Math.floor(kernel[1] / 2)] as const) : 0;
        const options = { kernel, stride, padding, ceilMode, countIncludePad };
        const each: Case = { shapes: [[2, 2, h, w]], build: (x) => (max ? maxPool2d(x!, options) : averagePool2d(x!, options)) };
        checkDerivatives(each);
        checkLanes(each, 2);
        await checkRuntime(each);
      }),
      { numRuns: 25 },
    );
  });

  it("draws have derivative 0 and follow from their key", () => {
    const key = Key.input("k");
    const values = evaluate([key.normal([4]), key.foldIn(1).normal([4]), key.foldIn(1).normal([4])], { k: [0, 42] }).map(({ data }) => [
      ...data,
    ]);
    expect(values[1]).toEqual(values[2]);
    expect(values[0]).not.toEqual(values[1]);
  });

  it("has a rule set for every operation", () => {
    for (const [kind, rule] of Object.entries(rules))
      for (const part of ["shape", "gradient", "batch", "onnx", "value"] as const)
        expect(rule[part], `${kind}.${part}`).toBeTypeOf("function");
  });
});
