import { describe, expect, it } from "vitest";
import { constant, conv2d, Gradients, grad, input, simplify, type Tensor, topological } from "../../src/graph/index.ts";
import { compile, evaluate } from "../../src/runtime/index.ts";
import { numbers, relativeError } from "../laws/evidence.ts";

const rows = 2;
const [m, n] = [40, 30];
const x = input("x", [rows, n]);
const w = input("w", [m, n]);
const observed = input("g", [m, n]);
const loss = x.matmul(w, false, true).tanh().sum();
const own = (exact = false) => new Gradients(new Map([["w", grad(loss, [w])[0]!]]), exact);
const update = new Gradients(new Map([["w", observed]]));
const feeds = { x: numbers(rows * n, 1), w: numbers(m * n, 2), g: numbers(m * n, 3) };
const largest = (tensor: Tensor) =>
  Math.max(
    ...topological(simplify([tensor]))
      .filter(({ kind }) => kind !== "input")
      .map(({ size }) => size),
  );

describe("factored gradients", () => {
  it("are compared without being built", () => {
    for (const compared of [own().dot(update), own().squaredNorm()]) expect(largest(compared)).toBeLessThan(m * n);
    expect(largest(own().squaredDistance(update))).toBe(m * n); // ‖g‖² squares the observed entries, once.
    expect(largest(own(true).squaredDistance(update))).toBe(m * n);
  });

  it("have the products, norms and distances of their entries", () => {
    const entries = own().entries("w");
    const pairs: [Tensor, Tensor][] = [
      [own().dot(update), entries.mul(observed).sum()],
      [update.dot(own()), entries.mul(observed).sum()],
      [own().squaredNorm(), entries.square().sum()],
      [own().squaredDistance(update), entries.sub(observed).square().sum()],
      [own(true).squaredDistance(update), entries.sub(observed).square().sum()],
    ];
    for (const [fast, slow] of pairs) {
      const [a, b] = evaluate([fast, slow], feeds);
      expect(a!.data[0]).toBeCloseTo(b!.data[0]!, 10);
      const [da, db] = evaluate([grad(fast, [x])[0]!, grad(slow, [x])[0]!], feeds);
      expect(relativeError(da!.data, db!.data)).toBeLessThan(1e-12);
    }
  });

  it("lose their digits near a match when expanded, and keep them when exact", async () => {
    const [match] = evaluate([own().entries("w")], feeds);
    const near = Float32Array.from(match!.data, (entry, i) => entry + 1e-4 * Math.sin(i));
    const point = { ...feeds, g: near };
    const outputs = { expanded: own().squaredDistance(update), exact: own(true).squaredDistance(update) };
    const [, truth] = evaluate(Object.values(outputs), point);
    const program = await compile(outputs);
    const found = await program.run(point);
    await program.dispose();
    const wrong = (value: number) => Math.abs(value - truth!.data[0]!) / truth!.data[0]!;
    expect(wrong(found.exact[0]!)).toBeLessThan(1e-2);
    expect(wrong(found.expanded[0]!)).toBeGreaterThan(10 * wrong(found.exact[0]!));
  });
});

describe("observed gradients that were factored", () => {
  const known = new Map([["w", { left: input("left", [3, m]), right: input("right", [3, n]) }]]);
  const thin = new Gradients(update.tensors, false, known);
  const [left, right] = [numbers(3 * m, 4), numbers(3 * n, 5)];
  const product = Float64Array.from({ length: m * n }, (_, at) =>
    [0, 1, 2].reduce((sum, k) => sum + left[k * m + Math.floor(at / n)]! * right[k * n + (at % n)]!, 0),
  );
  const all = { ...feeds, g: product, left, right };
  const names = (tensor: Tensor) =>
    topological([tensor]).flatMap((each) => (each.kind === "input" ? [(each as Tensor<"input">).attributes.name] : []));
  const pairs: [name: string, thin: Tensor, full: Tensor][] = [
    ["inner product", own().dot(thin), own().dot(update)],
    ["inner product, the other way round", thin.dot(own()), update.dot(own())],
    ["norm", thin.squaredNorm(), update.squaredNorm()],
    ["distance", own().squaredDistance(thin), own().squaredDistance(update)],
    ["distance of one with the same", thin.squaredDistance(thin), constant(0)],
  ];

  it.each(pairs)("have the same %s and derivative as their entries, and leave these unread", (_, fast, slow) => {
    expect(names(fast)).not.toContain("g");
    expect(largest(fast)).toBeLessThan(m * n);
    const [a, b, da, db] = evaluate([fast, slow, grad(fast, [x])[0]!, grad(slow, [x])[0]!], all);
    expect(a!.data[0]).toBeCloseTo(b!.data[0]!, 9);
    expect(relativeError(da!.data, db!.data)).toBeLessThan(1e-11);
  });

  it("are read by entry where digits count, or entries are asked for", () => {
    const exact = own(true).squaredDistance(thin);
    expect(names(exact)).toEqual(expect.arrayContaining(["g"]));
    expect(names(exact)).not.toContain("left");
    expect(thin.entries("w")).toBe(observed);
    expect(names(thin.map((entries) => entries.mul(2)).squaredNorm())).toEqual(["g"]);
  });
});

describe("a convolution's weight gradient", () => {
  const weight = input("k", [40, 30, 2, 3]);
  for (const layout of ["nchw", "nhwc"] as const)
    it(`is compared through patches where they are few, ${layout}`, () => {
      const image = input("p", layout === "nchw" ? [2, 30, 3, 5] : [2, 3, 5, 30]);
      const y = conv2d(image, weight, { stride: [2, 2], padding: [1, 0, 0, 1], dilation: [1, 2], layout });
      const gradient = grad(y.tanh().sum(), [weight])[0]!;
      expect(gradient.kind).toBe("convWeight");
      const mine = new Gradients(new Map([["k", gradient]]));
      const other = new Gradients(new Map([["k", input("g", weight.shape)]]));
      const given = { k: numbers(7200, 1, -0.2, 0.2), p: numbers(900, 2), g: numbers(7200, 3) };
      const pairs: [Tensor, Tensor][] = [
        [mine.dot(other), gradient.mul(other.entries("k")).sum()],
        [mine.squaredNorm(), gradient.square().sum()],
      ];
      for (const [fast, slow] of pairs) {
        expect(topological(simplify([fast])).some(({ kind }) => kind === "convWeight")).toBe(false);
        const [a, b] = evaluate([fast, slow], given);
        expect(a!.data[0]).toBeCloseTo(b!.data[0]!, 8);
        const [da, db] = evaluate([grad(fast, [image])[0]!, grad(slow, [image])[0]!], given);
        expect(relativeError(da!.data, db!.data)).toBeLessThan(1e-11);
      }
    });
});
