import type { Picture } from "../formats/index.ts";

/**
 * Pictures as text for a terminal with 24-bit color: a character is two pixels, one above the other
 * (`▀` with the upper as its ink, the lower as its ground). Several pictures stand side by side,
 * two columns apart.
 *
 * @returns lines joined by newlines, with colors reset at the end of each.
 */
export function terminalPicture(...pictures: readonly Picture[]): string {
  const lines = Math.ceil(Math.max(0, ...pictures.map(({ height }) => height)) / 2);
  return Array.from({ length: lines }, (_, line) => pictures.map((picture) => pictureLine(picture, 2 * line)).join("  ")).join("\n");
}

function pictureLine(picture: Picture, row: number): string {
  if (row >= picture.height) return " ".repeat(picture.width);
  const lower = row + 1 < picture.height;
  const cells = Array.from({ length: picture.width }, (_, column) => {
    const ground = lower ? `48;2;${color(picture, row + 1, column)}` : "49";
    return `\u001b[38;2;${color(picture, row, column)};${ground}m▀`;
  });
  return `${cells.join("")}\u001b[0m`;
}

/** "r;g;b" of a pixel; a gray one has its value three times. */
function color({ width, channels, data }: Picture, row: number, column: number): string {
  const at = (row * width + column) * channels;
  return [0, 1, 2].map((c) => data[at + Math.min(c, channels - 1)]!).join(";");
}
