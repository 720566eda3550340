import type { Prepared } from "./protocol.ts";

/** What two programs may differ by, and still have taken the same step in float32. */
const tolerance = { objective: 1e-3, rounding: 2e-6, gradient: 1e-2, image: 0.02 };

const numbers = (base64: string): Float32Array => {
  const bytes = Buffer.from(base64, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};

/** ‖a − b‖ / ‖b‖. */
function distance(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  a.forEach((entry, i) => {
    difference += (entry - b[i]!) ** 2;
    norm += b[i]! ** 2;
  });
  return Math.sqrt(difference / norm);
}

/**
 * What speaks against two programs having taken the same first step, or null. Objectives agree to
 * 1e-3, or to the rounding of 1 where 1 − cosine is small. Gradients, where both show them, agree
 * to 1e-5 as a rule; a ReLU or a maximum that float32 decides the other way moves them by a few
 * 1e-3. Signs of tiny gradient entries are up to rounding, too, so a few pixels may have gone
 * another way.
 */
export function disagreement(one: Prepared, other: Prepared): string | null {
  for (const [lane, value] of one.objective.entries()) {
    const expected = other.objective[lane]!;
    if (!(Math.abs(value - expected) <= tolerance.objective * Math.abs(expected) + tolerance.rounding))
      return `objective ${value} and ${expected} in lane ${lane}`;
  }
  if (one.gradient !== undefined && other.gradient !== undefined) {
    const apart = distance(numbers(one.gradient), numbers(other.gradient));
    if (!(apart <= tolerance.gradient)) return `gradients at a relative distance of ${apart.toExponential(1)}`;
  }
  const [a, b] = [numbers(one.image), numbers(other.image)];
  if (a.length !== b.length) return `images of ${a.length} and ${b.length} pixels`;
  const differing = a.reduce((count, pixel, i) => count + Number(!(Math.abs(pixel - b[i]!) < 1e-3)), 0) / a.length;
  return differing <= tolerance.image ? null : `${(100 * differing).toFixed(1)} % of the pixels after one step`;
}
