import type { RasterImage } from "../formats/index.ts";

/**
 * Images as text for a terminal with 24-bit color: a character is two pixels, one above the other
 * (`▀` with the upper as its ink, the lower as its ground). Several images stand side by side,
 * two columns apart.
 *
 * @returns lines joined by newlines, with colors reset at the end of each.
 */
export function terminalImages(...images: readonly RasterImage[]): string {
  const lines = Math.ceil(Math.max(0, ...images.map(({ height }) => height)) / 2);
  return Array.from({ length: lines }, (_, line) => images.map((image) => imageLine(image, 2 * line)).join("  ")).join("\n");
}

function imageLine(image: RasterImage, row: number): string {
  if (row >= image.height) return " ".repeat(image.width);
  const lower = row + 1 < image.height;
  const cells = Array.from({ length: image.width }, (_, column) => {
    const ground = lower ? `48;2;${color(image, row + 1, column)}` : "49";
    return `\u001b[38;2;${color(image, row, column)};${ground}m▀`;
  });
  return `${cells.join("")}\u001b[0m`;
}

/** "r;g;b" of a pixel; a gray one has its value three times. */
function color({ width, channels, data }: RasterImage, row: number, column: number): string {
  const at = (row * width + column) * channels;
  return [0, 1, 2].map((c) => data[at + Math.min(c, channels - 1)]!).join(";");
}
