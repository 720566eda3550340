import { fractal, noise } from "./noise.ts";
import type { Color, Draws } from "./scene-draws.ts";

/**
 * Writes the color at a point of a surface. Coordinates on the ground are in units of the object's
 * radius; on a backdrop they are fractions of its distance.
 */
export type Surface = (u: number, v: number, color: Float64Array) => void;

function blend(color: Float64Array, from: Color, to: Color, weight: number): void {
  const w = Math.min(1, Math.max(0, weight));
  for (let i = 0; i < 3; i++) color[i] = from[i]! + (to[i]! - from[i]!) * w;
}

const shade = (color: Color, factor: number): Color => [color[0] * factor, color[1] * factor, color[2] * factor];

/** The position of a coordinate within its period, 0 to 1. */
const phase = (x: number): number => x - Math.floor(x);

function grass(draws: Draws): Surface {
  const blade = draws.color([0.22, 0.36, 0.06], [0.5, 0.5, 0.16]);
  const soil = shade(blade, draws.between(0.05, 0.35));
  const seed = draws.seed();
  return (u, v, color) => blend(color, soil, blade, 0.5 + 0.7 * noise(u * 9, v * 4, seed) + 0.35 * fractal(u * 1.3, v * 1.3, seed + 9, 2));
}

function sand(draws: Draws): Surface {
  const light = draws.color([0.75, 0.6, 0.38], [0.85, 0.8, 0.7]);
  const dark = shade(light, draws.between(0.25, 0.6));
  const seed = draws.seed();
  const ripple = draws.between(1.5, 3.5);
  return (u, v, color) => {
    const bend = v * ripple + 0.9 * noise(u * 0.8, v * 0.8, seed);
    blend(color, dark, light, Math.abs(2 * phase(bend) - 1) * 0.6 + 0.25 + 0.4 * noise(u * 8, v * 8, seed + 1));
  };
}

function wood(draws: Draws): Surface {
  const light = draws.color([0.55, 0.32, 0.14], [0.8, 0.62, 0.4]);
  const dark = shade(light, draws.between(0.12, 0.45));
  const seed = draws.seed();
  const width = draws.between(0.7, 1.3);
  return (u, v, color) => {
    const plank = Math.floor(v / width);
    const gap = Math.min(phase(v / width), 1 - phase(v / width)) * width;
    const grain = fractal(u * 0.7 + plank * 17, v * 6, seed, 3);
    blend(color, dark, light, gap < 0.035 ? -1 : 0.6 + 0.5 * grain + 0.3 * noise(plank * 3.7, 0.5, seed + 5));
  };
}

function tiles(draws: Draws): Surface {
  const first = draws.paint(draws.between(0, 0.5), draws.between(0.3, 0.9));
  const second = draws.chance(0.6) ? shade(first, draws.between(0.05, 0.45)) : draws.paint(0.4, 0.5);
  const seed = draws.seed();
  const width = draws.between(0.8, 1.6);
  return (u, v, color) => {
    const even = (Math.floor(u / width) + Math.floor(v / width)) % 2 === 0;
    blend(color, even ? first : second, even ? second : first, 0.1 + 0.1 * fractal(u * 2, v * 2, seed, 2));
  };
}

function cloth(draws: Draws): Surface {
  const first = draws.paint(draws.between(0.2, 0.95), draws.between(0.1, 0.8));
  const second = draws.chance(0.5) ? draws.paint(draws.between(0, 0.7), draws.between(0.4, 0.85)) : ([0.8, 0.78, 0.74] as const);
  const seed = draws.seed();
  const width = draws.between(0.6, 1.4);
  const [cosine, sine] = draws.wholeTurn();
  return (u, v, color) => {
    const across = (cosine * u + sine * v) / width;
    const stripe = Math.min(1, Math.max(0, (Math.abs(2 * phase(across) - 1) - 0.45) * 8));
    blend(color, first, second, stripe * 0.85 + 0.08 + 0.1 * noise(u * 7, v * 7, seed));
  };
}

function stone(draws: Draws): Surface {
  const light = draws.color([0.25, 0.25, 0.27], [0.8, 0.76, 0.68]);
  const dark = shade(light, draws.between(0.1, 0.4));
  const seed = draws.seed();
  return (u, v, color) => blend(color, dark, light, 0.5 + 0.6 * fractal(u * 1.4, v * 1.4, seed, 4));
}

/** A table or floor of one slightly uneven color. */
function smooth(draws: Draws): Surface {
  const light = draws.paint(draws.between(0, 0.7), draws.between(0.06, 0.95));
  const dark = shade(light, draws.between(0.4, 0.8));
  const seed = draws.seed();
  return (u, v, color) => blend(color, dark, light, 0.6 + 0.5 * noise(u * 0.5, v * 0.5, seed) + 0.08 * noise(u * 10, v * 10, seed + 1));
}

function sky(draws: Draws): Surface {
  const low = draws.color([0.55, 0.7, 0.85], [0.85, 0.85, 0.85]);
  const high = draws.color([0.08, 0.22, 0.6], [0.25, 0.45, 0.8]);
  const white: Color = [0.92, 0.92, 0.93];
  const cover = draws.between(-0.9, 0.5);
  const seed = draws.seed();
  return (u, v, color) => {
    blend(color, low, high, v * 3);
    const cloud = Math.min(0.9, Math.max(0, fractal(u * 4, v * 9, seed, 3) + cover));
    for (let i = 0; i < 3; i++) color[i] = color[i]! + (white[i]! - color[i]!) * cloud;
  };
}

function dusk(draws: Draws): Surface {
  const low = draws.color([0.9, 0.45, 0.15], [0.95, 0.65, 0.45]);
  const high = draws.color([0.12, 0.14, 0.35], [0.4, 0.25, 0.45]);
  const seed = draws.seed();
  return (u, v, color) => blend(color, low, high, v * 2.5 + 0.3 * fractal(u * 2, v * 12, seed, 2));
}

/** Trees that are out of focus. */
function foliage(draws: Draws): Surface {
  const light = draws.color([0.3, 0.42, 0.12], [0.62, 0.6, 0.3]);
  const dark = shade(light, draws.between(0.08, 0.3));
  const seed = draws.seed();
  return (u, v, color) => blend(color, dark, light, 0.45 + 0.55 * fractal(u * 7, v * 7, seed, 2));
}

function wall(draws: Draws): Surface {
  const light = draws.paint(draws.between(0, 0.6), draws.between(0.08, 0.9));
  const dark = shade(light, draws.between(0.2, 0.7));
  const seed = draws.seed();
  const tilt = draws.between(-1.2, 1.2);
  return (u, v, color) => blend(color, dark, light, 0.5 + tilt * u + 0.5 * v + 0.2 * fractal(u * 3, v * 3, seed, 3));
}

/** Combinations of a ground and a backdrop that go together. */
export const places: readonly {
  readonly outdoors: boolean;
  readonly ground: (draws: Draws) => Surface;
  readonly backdrop: (draws: Draws) => Surface;
}[] = [
  { outdoors: true, ground: grass, backdrop: sky },
  { outdoors: true, ground: grass, backdrop: foliage },
  { outdoors: true, ground: sand, backdrop: sky },
  { outdoors: true, ground: sand, backdrop: dusk },
  { outdoors: true, ground: stone, backdrop: foliage },
  { outdoors: true, ground: stone, backdrop: dusk },
  { outdoors: false, ground: wood, backdrop: wall },
  { outdoors: false, ground: tiles, backdrop: wall },
  { outdoors: false, ground: cloth, backdrop: wall },
  { outdoors: false, ground: smooth, backdrop: wall },
];
