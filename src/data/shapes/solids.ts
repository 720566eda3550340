import type { Draws, Turn } from "./scene-draws.ts";

/** Signed distance to a surface, or a lower bound on it. Negative inside. */
export type Distance = (x: number, y: number, z: number) => number;

/**
 * How a solid is rotated: first about the line of sight, then toward the viewer, then about the
 * vertical.
 */
export interface Pose {
  readonly roll: Turn;
  readonly pitch: Turn;
  readonly yaw: Turn;
}

/** A kind of object, inside the sphere of radius {@link reach}; y points up. */
export interface Solid {
  readonly name: string;
  readonly distance: Distance;
  readonly pose: (draws: Draws) => Pose;
}

/** Every solid lies within this distance of the origin. */
export const reach = 1.15;

const straight: Turn = [1, 0];

/** A solid that stands on its base, seen from any side. */
const standing = (draws: Draws): Pose => ({ roll: draws.turn(-0.04, 0.04), pitch: straight, yaw: draws.wholeTurn() });
/** A flat solid that roughly faces the viewer. */
const facing = (draws: Draws): Pose => ({ roll: draws.turn(-0.14, 0.14), pitch: draws.turn(-0.12, 0.04), yaw: draws.turn(-0.36, 0.36) });
/** A solid anywhere between lying and upright. */
const leaning = (draws: Draws): Pose => ({ roll: draws.turn(-0.1, 0.1), pitch: draws.turn(0, 0.9), yaw: draws.turn(-0.3, 0.3) });

const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/** The intersection of two bounds, with its edge rounded by `radius`. */
function edge(a: number, b: number, radius: number): number {
  const u = a + radius;
  const v = b + radius;
  return Math.min(Math.max(u, v), 0) + length(Math.max(u, 0), Math.max(v, 0)) - radius;
}

/** A flat outline, extruded to a thickness. */
const extruded =
  (outline: (x: number, y: number) => number, thickness: number): Distance =>
  (x, y, z) =>
    edge(outline(x, y), Math.abs(z) - thickness, 0.07);

function box(x: number, y: number, z: number, half: number, rounding: number): number {
  const u = Math.abs(x) - half + rounding;
  const v = Math.abs(y) - half + rounding;
  const w = Math.abs(z) - half + rounding;
  const outside = length(length(Math.max(u, 0), Math.max(v, 0)), Math.max(w, 0));
  return Math.min(Math.max(u, v, w), 0) + outside - rounding;
}

const rectangle = (x: number, y: number, width: number, height: number): number => {
  const u = Math.abs(x) - width;
  const v = Math.abs(y) - height;
  return Math.min(Math.max(u, v), 0) + length(Math.max(u, 0), Math.max(v, 0));
};

const cos36 = 0.8090169943749475;
const sin36 = 0.5877852522924731;

/**
 * A star with five points. The plane is folded until one edge is left, from the tip at the top to
 * the notch at 36°.
 */
function star(x: number, y: number): number {
  const tip = 1.1;
  const notch = 0.5;
  let u = Math.abs(x);
  let v = y;
  for (let fold = 0; fold < 2; fold++) {
    const over = Math.max(0, cos36 * u - sin36 * v);
    u = Math.abs(u - 2 * over * cos36);
    v += 2 * over * sin36;
  }
  v -= tip;
  const ex = notch * sin36;
  const ey = notch * cos36 - tip;
  const along = Math.min(1, Math.max(0, (u * ex + v * ey) / (ex * ex + ey * ey)));
  const distance = length(u - along * ex, v - along * ey);
  return u * ey > v * ex ? -distance : distance;
}

const crescent = (x: number, y: number): number => Math.max(length(x - 0.1, y) - 1, 0.78 - length(x - 0.52, y));

const cross = (x: number, y: number): number => Math.min(rectangle(x, y, 0.32, 1), rectangle(x, y, 1, 0.32));

/** A square on its corner, with a disk on each upper side. */
function heart(x: number, y: number): number {
  const half = 0.55;
  const u = Math.abs(x) * Math.SQRT1_2;
  const v = (y + 0.2) * Math.SQRT1_2;
  // Coordinates along and across the upper right side.
  const a = u - v;
  const b = u + v;
  return Math.min(rectangle(a, b, half, half), length(a, b - half) - half);
}

/**
 * Distance to a straight side that falls from a tip at height `top` to half-width `foot` at height
 * `base`.
 */
const slope = (side: number, y: number, foot: number, top: number, base: number): number =>
  ((top - base) * side + foot * (y - top)) / length(top - base, foot);

/** The ten classes, indexed by label. */
export const solids: readonly Solid[] = [
  { name: "sphere", distance: (x, y, z) => Math.sqrt(x * x + y * y + z * z) - 0.9, pose: standing },
  { name: "cube", distance: (x, y, z) => box(x, y, z, 0.66, 0.04), pose: standing },
  { name: "cone", distance: (x, y, z) => edge(slope(length(x, z), y, 0.85, 1.05, -0.75), -0.75 - y, 0.03), pose: standing },
  { name: "cylinder", distance: (x, y, z) => edge(length(x, z) - 0.58, Math.abs(y) - 0.85, 0.05), pose: standing },
  { name: "torus", distance: (x, y, z) => length(length(x, z) - 0.76, y) - 0.28, pose: leaning },
  {
    name: "pyramid",
    distance: (x, y, z) => edge(slope(Math.max(Math.abs(x), Math.abs(z)), y, 0.72, 0.95, -0.5), -0.5 - y, 0.02),
    pose: standing,
  },
  { name: "star", distance: extruded(star, 0.22), pose: facing },
  { name: "crescent", distance: extruded(crescent, 0.22), pose: facing },
  { name: "cross", distance: extruded(cross, 0.26), pose: facing },
  { name: "heart", distance: extruded(heart, 0.26), pose: facing },
];
