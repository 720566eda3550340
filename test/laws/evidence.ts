import { expect } from "vitest";
import { constant, grad, input, type Shape, sizeOf, type Tensor, vmap } from "../../src/graph/index.ts";
import { compile, evaluate, interpret } from "../../src/runtime/index.ts";

/** A function of tensors to put to the test, at inputs away from its kinks. */
export interface Case {
  readonly shapes: readonly Shape[];
  readonly build: (...inputs: Tensor[]) => Tensor;
  /** Range that entries are taken from; (−1, 1) by default. */
  readonly from?: number;
  readonly to?: number;
  /** Inputs that no derivative is taken in. */
  readonly fixed?: readonly number[];
}

/**
 * Numbers in a range that look random and keep a distance from each other, so that maxima and
 * comparisons have no ties.
 */
export function numbers(size: number, seed: number, from = -1, to = 1): Float64Array {
  const golden = 0.618033988749895;
  return Float64Array.from({ length: size }, (_, i) => {
    const u = ((i + 1) * golden + seed * 0.7548776662466927) % 1;
    return Math.fround(from + (to - from) * u);
  });
}

const named = (shapes: readonly Shape[], lanes?: readonly boolean[], count = 0) =>
  shapes.map((shape, i) => input(`x${i}`, lanes?.[i] ? [count, ...shape] : shape));

export const relativeError = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let worst = 0;
  let scale = 1e-3;
  for (let i = 0; i < b.length; i++) {
    scale = Math.max(scale, Math.abs(b[i]!));
    worst = Math.max(worst, Object.is(a[i], b[i]) || a[i] === b[i] ? 0 : Math.abs(a[i]! - b[i]!));
  }
  return worst / scale;
};

const feedsOf = (data: readonly Float64Array[]) => Object.fromEntries(data.map((entries, i) => [`x${i}`, entries]));

/** A fixed weighting that makes a scalar of any tensor. */
const weigh = (tensor: Tensor): Tensor => tensor.mul(constant(numbers(tensor.size, 91), tensor.shape)).sum();

/** Central difference of a scalar along a direction of all inputs. */
function slope(scalar: Tensor, data: readonly Float64Array[], directions: readonly Float64Array[], h: number): number {
  const at = (t: number) => {
    const moved = data.map((entries, i) => entries.map((entry, j) => entry + t * directions[i]![j]!));
    return evaluate([scalar], feedsOf(moved))[0]!.data[0]!;
  };
  // Fourth order, so that the difference itself does not limit the comparison.
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

/** First and second derivatives agree with finite differences along random directions. */
export function checkDerivatives({ shapes, build, from, to, fixed = [] }: Case): void {
  const inputs = named(shapes);
  const data = shapes.map((shape, i) => numbers(sizeOf(shape), i + 1, from, to));
  const directions = shapes.map((shape, i) => (fixed.includes(i) ? new Float64Array(sizeOf(shape)) : numbers(sizeOf(shape), i + 40)));
  const along = (gradients: readonly Tensor[]) =>
    gradients.map((gradient, i) => gradient.mul(constant(directions[i]!, shapes[i]!)).sum()).reduce((a, b) => a.add(b));
  const scalar = weigh(build(...inputs));
  const first = along(grad(scalar, inputs));
  const second = along(grad(first, inputs));
  const [analytic1, analytic2] = evaluate([first, second], feedsOf(data)).map(({ data: d }) => d[0]!);
  const scale = 1e-3 + Math.abs(evaluate([scalar], feedsOf(data))[0]!.data[0]!);
  expect(Math.abs(analytic1! - slope(scalar, data, directions, 1e-4)), "first derivative").toBeLessThan(
    1e-7 * (scale + Math.abs(analytic1!)),
  );
  expect(Math.abs(analytic2! - slope(first, data, directions, 1e-4)), "second derivative").toBeLessThan(
    1e-6 * (scale + Math.abs(analytic2!) + Math.abs(analytic1!)),
  );
}

/** ONNX Runtime and the interpreter agree, on the value and on first derivatives. */
export async function checkRuntime({ shapes, build, from, to, fixed = [] }: Case, tolerance = 2e-5): Promise<void> {
  const inputs = named(shapes);
  const data = shapes.map((shape, i) => numbers(sizeOf(shape), i + 1, from, to));
  const value = build(...inputs);
  const gradients =
    value.dtype === "float"
      ? grad(
          weigh(value),
          inputs.filter((_, i) => !fixed.includes(i)),
        )
      : [];
  const outputs = { value: value.toFloat(), ...Object.fromEntries(gradients.map((gradient, i) => [`gradient${i}`, gradient])) };
  const program = await compile(outputs, { threads: 1 });
  const [fast, slow] = [await program.run(feedsOf(data)), await interpret(outputs).run(feedsOf(data))];
  await program.dispose();
  for (const [name, entries] of Object.entries(slow)) expect(relativeError(fast[name as "value"]!, entries), name).toBeLessThan(tolerance);
}

/**
 * vmap over every choice of inputs equals one lane at a time, for the value and for derivatives
 * taken on either side of vmap.
 */
export function checkLanes({ shapes, build, from, to, fixed = [] }: Case, count = 3): void {
  for (let choice = 1; choice < 2 ** shapes.length; choice++) {
    const lanes = shapes.map((_, i) => Boolean((choice >> i) & 1));
    const data = shapes.map((shape, i) => numbers(sizeOf(shape) * (lanes[i] ? count : 1), i + 1, from, to));
    const inputs = named(shapes, lanes, count);
    const inside = (own: readonly Tensor[]): Tensor[] => {
      const value = build(...own);
      return [
        value.toFloat(),
        ...(value.dtype === "float"
          ? grad(
              weigh(value),
              own.filter((_, i) => !fixed.includes(i)),
            )
          : []),
      ];
    };
    const mapped = vmap((given: Tensor[]) => {
      const rest = [...given];
      return inside(inputs.map((shared, i) => (lanes[i] ? rest.shift()! : shared)));
    })(inputs.filter((_, i) => lanes[i]));
    const together = evaluate(mapped, feedsOf(data));
    // The derivative outside vmap: the sum over lanes of the weighed values, in the mapped inputs.
    const variables = inputs.filter((_, i) => lanes[i] && !fixed.includes(i));
    const outer = mapped[0]!.mul(constant(numbers(sizeOf(mapped[0]!.shape.slice(1)), 91), mapped[0]!.shape.slice(1))).sum();
    const outside =
      variables.length > 0 && build(...named(shapes)).dtype === "float" ? evaluate(grad(outer, variables), feedsOf(data)) : [];
    const single = inside(named(shapes));
    for (let lane = 0; lane < count; lane++) {
      const own = data.map((entries, i) =>
        lanes[i] ? entries.slice((lane * entries.length) / count, ((lane + 1) * entries.length) / count) : entries,
      );
      const alone = evaluate(single, feedsOf(own));
      alone.forEach(({ data: expected }, k) => {
        const part = together[k]!.data.slice(lane * expected.length, (lane + 1) * expected.length);
        expect(relativeError(part, expected), `lane ${lane} of choice ${choice}, output ${k}`).toBeLessThan(1e-10);
      });
      outside.forEach(({ data: all }, k) => {
        const which = inputs.flatMap((_, i) => (fixed.includes(i) ? [] : [i])).indexOf(inputs.indexOf(variables[k]!));
        const expected = alone[1 + which]!.data;
        expect(
          relativeError(all.slice(lane * expected.length, (lane + 1) * expected.length), expected),
          "derivative outside vmap",
        ).toBeLessThan(1e-10);
      });
    }
  }
}
