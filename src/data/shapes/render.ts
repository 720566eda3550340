import { fillUniform, type KeyBits } from "../../random/index.ts";
import type { Scene } from "./scene.ts";
import { tracer } from "./trace.ts";

/** Height and width of an image, in pixels. */
export const side = 32;
/** Rays across an image: two per pixel, and one beyond each border. */
const rays = 2 * side + 2;
/**
 * A pixel sees four rays across and four down, and weights the inner ones more: a lens about as
 * sharp as the sensor.
 */
const lens = [3 / 32, 13 / 32, 13 / 32, 3 / 32] as const;

const longestExposure = 1.3;
/** How much the tone curve steepens the middle gray: 0 leaves it, 1 makes it steeper by half. */
const contrast = 0.8;

/**
 * Renders the scene as [3, side, side] with 8 bits per entry. Only sums, products, quotients and
 * square roots are used, which are the same in every engine.
 */
export function render(scene: Scene, grainKey: KeyBits): Uint8Array {
  const { forward, right, up, spread } = scene.camera;
  const trace = tracer(scene);
  const light = new Float64Array(3 * rays * rays);
  const color = new Float64Array(3);
  for (let row = 0; row < rays; row++)
    for (let column = 0; column < rays; column++) {
      const across = spread * ((column - 0.5) / side - 1);
      const upward = spread * (1 - (row - 0.5) / side);
      const x = forward[0] + across * right[0] + upward * up[0];
      const y = forward[1] + across * right[1] + upward * up[1];
      const z = forward[2] + across * right[2] + upward * up[2];
      const size = Math.sqrt(x * x + y * y + z * z);
      trace([x / size, y / size, z / size], color);
      for (let c = 0; c < 3; c++) light[(c * rays + row) * rays + column] = color[c]!;
    }
  // The camera sets its exposure by the incoming light, but it does not turn night into day.
  const exposure = Math.min(longestExposure, (scene.brightness * light.length) / light.reduce((sum, x) => sum + x, 0));
  for (let i = 0; i < light.length; i++) light[i] = Math.min(1, exposure * light[i]!);
  return develop(light, scene.grain, grainKey);
}

/**
 * Turns light at the rays into pixels: through the lens, gamma 2, a film curve that steepens the
 * middle, and noise.
 */
function develop(light: Float64Array, grain: number, grainKey: KeyBits): Uint8Array {
  const pixels = new Uint8Array(3 * side * side);
  // Two uniforms make triangular noise with variance 1/6.
  const uniforms = new Float64Array(2 * pixels.length);
  fillUniform(grainKey, uniforms);
  const amplitude = grain * Math.sqrt(6);
  for (let c = 0, pixel = 0; c < 3; c++)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++, pixel++) {
        let sum = 0;
        for (let i = 0; i < 4; i++)
          for (let j = 0; j < 4; j++) sum += lens[i]! * lens[j]! * light[(c * rays + 2 * row + i) * rays + 2 * column + j]!;
        const gray = Math.sqrt(sum);
        const tone = gray + contrast * gray * (1 - gray) * (2 * gray - 1);
        const noise = amplitude * (uniforms[2 * pixel]! - uniforms[2 * pixel + 1]!);
        pixels[pixel] = Math.min(255, Math.max(0, Math.round(255 * (tone + noise))));
      }
  return pixels;
}
