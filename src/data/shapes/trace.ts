import { dot, type Scene, type Vector } from "./scene.ts";
import { type Distance, reach } from "./solids.ts";

/** A ray closer than this to a surface touches it. */
const touch = 0.006;
/** Shadows are soft within this distance of the object's outermost points. */
const softness = 0.5;

/**
 * Returns a function that traces one ray through the scene and writes the incoming linear light to
 * `color`.
 */
export function tracer(scene: Scene): (direction: Vector, color: Float64Array) => void {
  const { distance, axes, floor, depth, light } = scene;
  const { position } = scene.camera;
  const eye = { across: dot(position, axes.right), height: dot(position, axes.up) - floor, near: dot(position, axes.near) };
  const sunHeight = dot(light.toward, axes.up);
  const albedo = new Float64Array(3);
  const under = new Float64Array(3);
  scene.ground(0, 0, under);

  /**
   * The fraction of the sunlight that reaches a point. It is below 1 if the light passes close to
   * the object.
   */
  const sunlit = (x: number, y: number, z: number): number => {
    const { toward, sharpness } = light;
    const [enter, leave] = crossing(x, y, z, toward, reach + softness);
    let part = 1;
    for (let t = Math.max(0.03, enter); t < leave; ) {
      const free = distance(x + t * toward[0], y + t * toward[1], z + t * toward[2]);
      if (free < touch) return 0;
      part = Math.min(part, (sharpness * free) / t);
      t += Math.max(free, 0.03);
    }
    return part;
  };

  const shadeObject = (x: number, y: number, z: number, direction: Vector, color: Float64Array): void => {
    const normal = gradient(distance, x, y, z);
    const height = x * axes.up[0] + y * axes.up[1] + z * axes.up[2] - floor;
    const facing = dot(normal, light.toward);
    const sun = facing > 0 ? facing * sunlit(x + 0.03 * normal[0], y + 0.03 * normal[1], z + 0.03 * normal[2]) : 0;
    const upward = 0.5 + 0.5 * dot(normal, axes.up);
    const open = Math.min(1, 0.4 + 0.8 * height);
    const mirror = 2 * facing;
    const glance =
      (mirror * normal[0] - light.toward[0]) * -direction[0] +
      (mirror * normal[1] - light.toward[1]) * -direction[1] +
      (mirror * normal[2] - light.toward[2]) * -direction[2];
    const shine = sun > 0 ? scene.gloss * power32(Math.max(0, glance)) : 0;
    scene.paint(x, y, z, albedo);
    for (let c = 0; c < 3; c++) {
      const ambient = light.sky[c]! * (upward * open + (1 - upward) * 0.6 * under[c]!);
      color[c] = albedo[c]! * (sun * light.color[c]! + ambient) + shine * light.color[c]!;
    }
  };

  const shadeGround = (t: number, direction: Vector, color: Float64Array): void => {
    const x = position[0] + t * direction[0];
    const y = position[1] + t * direction[1];
    const z = position[2] + t * direction[2];
    scene.ground(eye.across + t * dot(direction, axes.right), eye.near + t * dot(direction, axes.near), albedo);
    const near = x * x + y * y + z * z < (reach + 1) * (reach + 1) ? Math.min(1, 0.35 + 0.9 * Math.max(0, distance(x, y, z))) : 1;
    const sun = sunHeight * sunlit(x, y, z);
    const fade = Math.min(1, Math.max(0, (t - 7) / 12));
    for (let c = 0; c < 3; c++) {
      const flat = albedo[c]! + (under[c]! - albedo[c]!) * fade;
      color[c] = flat * (sun * light.color[c]! + light.sky[c]! * near);
    }
  };

  return (direction, color) => {
    const [enter, leave] = crossing(position[0], position[1], position[2], direction, reach);
    for (let t = enter, steps = 0; t < leave && steps < 48; steps++) {
      const x = position[0] + t * direction[0];
      const y = position[1] + t * direction[1];
      const z = position[2] + t * direction[2];
      const free = distance(x, y, z);
      if (free < touch) return shadeObject(x, y, z, direction, color);
      t += free;
    }
    const toFloor = -eye.height / dot(direction, axes.up);
    const toBackdrop = (depth + eye.near) / -dot(direction, axes.near);
    if (toFloor > 0 && toFloor < toBackdrop) return shadeGround(toFloor, direction, color);
    const across = eye.across + toBackdrop * dot(direction, axes.right);
    const height = eye.height + toBackdrop * dot(direction, axes.up);
    scene.backdrop(across / (depth + eye.near), height / (depth + eye.near), color);
  };
}

/**
 * Where a ray enters and leaves the ball of a radius around the origin; an empty interval if the
 * ray misses it.
 */
function crossing(x: number, y: number, z: number, [dx, dy, dz]: Vector, radius: number): readonly [number, number] {
  const middle = -(x * dx + y * dy + z * dz);
  const square = middle * middle - (x * x + y * y + z * z) + radius * radius;
  if (square <= 0) return [0, -1];
  const half = Math.sqrt(square);
  return [middle - half, middle + half];
}

/** The outward normal, by central differences. */
function gradient(distance: Distance, x: number, y: number, z: number): Vector {
  const h = 0.004;
  const dx = distance(x + h, y, z) - distance(x - h, y, z);
  const dy = distance(x, y + h, z) - distance(x, y - h, z);
  const dz = distance(x, y, z + h) - distance(x, y, z - h);
  const size = Math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12;
  return [dx / size, dy / size, dz / size];
}

function power32(x: number): number {
  let power = x;
  for (let squaring = 0; squaring < 5; squaring++) power *= power;
  return power;
}
