import { foldIn, type KeyBits } from "../../random/index.ts";
import { noise } from "./noise.ts";
import { type Color, Draws } from "./scene-draws.ts";
import { type Distance, type Pose, reach, type Solid } from "./solids.ts";
import { places, type Surface } from "./surfaces.ts";

/** A vector in the object's own axes. */
export type Vector = readonly [number, number, number];

/**
 * Everything that an image shows, in the object's own axes. There the distance to the object needs
 * no rotation.
 */
export interface Scene {
  readonly distance: Distance;
  /** Writes the object's color at a point of its surface. */
  readonly paint: (x: number, y: number, z: number, color: Float64Array) => void;
  /** How strongly the object mirrors the light, 0 to 1. */
  readonly gloss: number;
  readonly camera: {
    readonly position: Vector;
    readonly forward: Vector;
    readonly right: Vector;
    readonly up: Vector;
    readonly spread: number;
  };
  /** The world's axes: to the right, up, and toward the viewer. */
  readonly axes: { readonly right: Vector; readonly up: Vector; readonly near: Vector };
  /** Height of the ground along `axes.up`. */
  readonly floor: number;
  /** How far behind the object the backdrop stands. */
  readonly depth: number;
  readonly ground: Surface;
  readonly backdrop: Surface;
  readonly light: { readonly toward: Vector; readonly color: Color; readonly sharpness: number; readonly sky: Color };
  /** The mean light that the camera lets in; white is 1. */
  readonly brightness: number;
  /** Standard deviation of the camera's noise. */
  readonly grain: number;
}

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const scaled = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];
const sum = (...all: readonly Vector[]): Vector => all.reduce((a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
const unit = (a: Vector): Vector => scaled(a, 1 / Math.sqrt(dot(a, a)));
const crossed = (a: Vector, b: Vector): Vector => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** The parts of a scene that are drawn, by the index that folds below its key. */
const ofScene = {
  pose: 0,
  place: 1,
  material: 2,
  camera: 3,
  turn: 4,
  ground: 5,
  backdrop: 6,
  depth: 7,
  light: 8,
  brightness: 9,
  grain: 10,
} as const;

/** Draws the scene for an image of a solid. Each part has its own key. */
export function drawScene(solid: Solid, key: KeyBits): Scene {
  const part = (name: keyof typeof ofScene) => new Draws(foldIn(key, ofScene[name]));
  const axes = worldAxes(solid.pose(part("pose")));
  const inObject = (x: number, y: number, z: number): Vector => sum(scaled(axes.right, x), scaled(axes.up, y), scaled(axes.near, z));
  const place = part("place").pick(places);
  const floor = lowest(solid.distance, axes.up);
  return {
    distance: solid.distance,
    ...material(part("material")),
    axes,
    floor,
    camera: camera(part("camera"), inObject),
    ground: turned(part("turn"), place.ground(part("ground"))),
    backdrop: place.backdrop(part("backdrop")),
    depth: place.outdoors ? 40 : part("depth").between(2, 5),
    light: light(part("light"), inObject, place.outdoors),
    brightness: part("brightness").between(0.14, 0.36),
    grain: part("grain").between(0.004, 0.016),
  };
}

/** The world's axes as the turned object sees them. */
function worldAxes({ roll, pitch, yaw }: Pose): Scene["axes"] {
  const turn = ([x, y, z]: Vector): Vector => {
    const [u, w] = [yaw[0] * x - yaw[1] * z, yaw[1] * x + yaw[0] * z];
    const [v, t] = [pitch[0] * y + pitch[1] * w, -pitch[1] * y + pitch[0] * w];
    return [roll[0] * u + roll[1] * v, -roll[1] * u + roll[0] * v, t];
  };
  return { right: turn([1, 0, 0]), up: turn([0, 1, 0]), near: turn([0, 0, 1]) };
}

/**
 * Height of the lowest point of an object, found by marching up from below on a grid of vertical
 * lines.
 */
function lowest(distance: Distance, up: Vector): number {
  const side = unit(Math.abs(up[0]) < 0.7 ? crossed(up, [1, 0, 0]) : crossed(up, [0, 1, 0]));
  const other = crossed(up, side);
  const lines = 17;
  let height = reach;
  for (let i = 0; i < lines; i++)
    for (let j = 0; j < lines; j++) {
      const foot = sum(scaled(side, reach * ((2 * i) / (lines - 1) - 1)), scaled(other, reach * ((2 * j) / (lines - 1) - 1)));
      let y = -reach;
      while (y < height) {
        const free = distance(foot[0] + y * up[0], foot[1] + y * up[1], foot[2] + y * up[2]);
        if (free < 0.01) break;
        y += free;
      }
      height = Math.min(height, y);
    }
  return height;
}

type InObject = (x: number, y: number, z: number) => Vector;

function camera(draws: Draws, inObject: InObject): Scene["camera"] {
  const [cosine, sine] = draws.turn(0.06, 0.36);
  const away = 5;
  const [level, tilt] = draws.turn(-0.03, 0.03);
  const forward = inObject(0, -sine, -cosine);
  const [right, up] = [inObject(1, 0, 0), inObject(0, cosine, -sine)];
  const aim = inObject(draws.between(-0.22, 0.22), draws.between(-0.12, 0.22), 0);
  return {
    position: sum(aim, scaled(forward, -away)),
    forward,
    right: sum(scaled(right, level), scaled(up, tilt)),
    up: sum(scaled(up, level), scaled(right, -tilt)),
    spread: draws.between(1.2, 1.55) / away,
  };
}

function light(draws: Draws, inObject: InObject, outdoors: boolean): Scene["light"] {
  const warmth = draws.between(-0.08, 0.16);
  const strength = draws.between(0.85, 1.35);
  const ambient = draws.between(0.12, 0.45);
  const cool = outdoors ? 0.12 : 0;
  return {
    toward: unit(inObject((draws.chance(0.5) ? 1 : -1) * draws.between(0.25, 1.3), draws.between(0.7, 1.6), draws.between(-0.2, 1.1))),
    color: [strength * (1 + warmth), strength, strength * (1 - warmth)],
    sharpness: draws.between(4, 16),
    sky: [ambient * (1 - cool), ambient, ambient * (1 + cool)],
  };
}

function material(draws: Draws): Pick<Scene, "paint" | "gloss"> {
  const main = draws.paint(draws.between(0.1, 0.98), draws.between(0.2, 0.95));
  const second = draws.chance(0.5) ? draws.paint(draws.between(0.1, 0.9), draws.between(0.3, 0.9)) : scaled(main, 0.5);
  const seed = draws.seed();
  const [fine, strength] = [draws.between(1.5, 5), draws.between(0.05, 0.2)];
  const bands = draws.between(1.2, 2.6);
  const pattern = draws.pick<(x: number, y: number, z: number) => number>([
    () => 0,
    () => 0,
    (_x, y) => (y * bands - Math.floor(y * bands) < 0.35 ? 0.9 : 0),
    (x, y, z) => Math.max(0, noise(x * 3 + z, y * 3 - z, seed + 1)),
  ]);
  return {
    gloss: draws.chance(0.6) ? draws.between(0.15, 0.8) : 0,
    paint: (x, y, z, color) => {
      const weight = pattern(x, y, z);
      const factor = 1 + strength * noise(x * fine + z * 2, y * fine - z, seed);
      for (let i = 0; i < 3; i++) color[i] = factor * (main[i]! + (second[i]! - main[i]!) * weight);
    },
  };
}

/** The surface, rotated and shifted at random. */
function turned(draws: Draws, surface: Surface): Surface {
  const [cosine, sine] = draws.wholeTurn();
  const [du, dv] = [draws.between(0, 50), draws.between(0, 50)];
  return (u, v, color) => surface(cosine * u - sine * v + du, sine * u + cosine * v + dv, color);
}
