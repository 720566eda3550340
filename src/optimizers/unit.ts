import { constant, type Tensor, where } from "../graph/index.ts";

/** 2^-96, 2^-64, … 2^96: the units, and the number from which on each is used. */
const units = Array.from({ length: 7 }, (_, i) => 2 ** (32 * (i - 3)));
const powers = constant(Float32Array.from(units));
const least = constant(Float32Array.from(units, (unit, i) => (i === 0 ? 0 : unit / 2 ** 16)));

/**
 * The unit to compute in, for gradients whose largest entry is this: a power of 2^32, so that
 * dividing by it is exact. Squares of entries beyond 1.8e19 are infinite in float32, and those under
 * 1e-23 are 0. The unit is 1 from 1.5e-5 to 65536, where numbers are those of PyTorch.
 */
export const unitOf = (largest: Tensor): Tensor => where(least.lessEqual(largest), powers, 0).max();
