import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { psnr, ssim } from "../../src/metrics/index.ts";

// ssim.py beside this file: structural_similarity(x, y, gaussian_weights=True, sigma=1.5,
// use_sample_covariance=False, data_range=1, channel_axis=-1) and peak_signal_noise_ratio(x, y,
// data_range=1) of bytes / 255
interface Fixture {
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly pairs: readonly { name: string; truth: string; other: string; ssim: number; psnr: number }[];
}
const fixture = JSON.parse(readFileSync(new URL("ssim.json", import.meta.url), "utf8")) as Fixture;
const [height, width, channels] = fixture.shape;

function planes(base64: string): Float32Array {
  const interleaved = Buffer.from(base64, "base64");
  return Float32Array.from(
    { length: interleaved.length },
    (_, i) => interleaved[(i % (height * width)) * channels + Math.floor(i / (height * width))]! / 255,
  );
}

describe("image metrics equal scikit-image's", () => {
  it.each(fixture.pairs)("$name", (pair) => {
    const [truth, other] = [planes(pair.truth), planes(pair.other)];
    expect(Math.abs(ssim(truth, other, [channels, height, width])! - pair.ssim)).toBeLessThan(1e-6);
    expect(Math.abs(psnr(truth, other) - pair.psnr)).toBeLessThan(1e-4);
  });
});
