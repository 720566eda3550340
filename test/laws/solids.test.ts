import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reach, solids } from "../../src/data/shapes/solids.ts";

const coordinate = fc.double({ min: -1.4, max: 1.4, noNaN: true });
const point = fc.tuple(coordinate, coordinate, coordinate);

// A ray that walks by these distances must never jump through a surface.
describe("distances to solids", () => {
  for (const { name, distance } of solids) {
    it(`${name}: change no faster than the point moves`, () => {
      fc.assert(
        fc.property(point, point, ([x, y, z], [u, v, w]) => {
          expect(Math.abs(distance(x, y, z) - distance(u, v, w))).toBeLessThanOrEqual(Math.hypot(x - u, y - v, z - w) + 1e-9);
        }),
        { numRuns: 500 },
      );
    });

    it(`${name}: is inside its reach, and not empty`, () => {
      fc.assert(
        fc.property(point, ([x, y, z]) => {
          if (Math.hypot(x, y, z) > reach) expect(distance(x, y, z)).toBeGreaterThan(0);
        }),
        { numRuns: 500 },
      );
      const inside = [0, 0.76, -0.6].some((x) => distance(x, 0, 0) < -0.15);
      expect(inside).toBe(true);
    });
  }
});
