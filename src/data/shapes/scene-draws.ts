import { fillUniform, type KeyBits } from "../../random/index.ts";

/** Red, green and blue in linear light, 0 to 1. */
export type Color = readonly [number, number, number];
/** Cosine and sine of an angle. */
export type Turn = readonly [number, number];

/** Numbers drawn in sequence for one part of an image, 32 at most. */
export class Draws {
  private readonly uniforms = new Float64Array(32);
  private next = 0;

  constructor(key: KeyBits) {
    fillUniform(key, this.uniforms);
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniforms[this.next++]!;
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.between(0, 1) < p;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.between(0, items.length))]!;
  }

  /** An integer seed for {@link noise}. */
  seed(): number {
    return Math.floor(this.between(0, 2 ** 23));
  }

  /**
   * An angle, given by a uniform tangent of its half between `low` and `high`. This needs no
   * library sine or cosine, whose last digits differ between engines.
   */
  turn(low: number, high: number): Turn {
    const t = this.between(low, high);
    return [(1 - t * t) / (1 + t * t), (2 * t) / (1 + t * t)];
  }

  /** An angle anywhere on the circle. */
  wholeTurn(): Turn {
    const [cosine, sine] = this.turn(-1, 1);
    return this.chance(0.5) ? [cosine, sine] : [-cosine, -sine];
  }

  /** A color between two others. Each channel has its own weight near a shared one. */
  color(from: Color, to: Color): Color {
    const weight = this.between(0, 1);
    const channel = (i: 0 | 1 | 2) => from[i] + (to[i] - from[i]) * Math.min(1, Math.max(0, weight + this.between(-0.15, 0.15)));
    return [channel(0), channel(1), channel(2)];
  }

  /** A color of any hue, with the given saturation and value. */
  paint(saturation: number, value: number): Color {
    const hue = this.between(0, 6);
    const channel = (shift: number) => {
      const place = (hue + shift) % 6;
      return value * (1 - saturation * Math.max(0, Math.min(place, 4 - place, 1)));
    };
    return [channel(5), channel(3), channel(1)];
  }
}
