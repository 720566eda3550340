import { LeakageError } from "../errors.ts";
import { toBase64 } from "../formats/index.ts";
import { html, type Markup } from "./html.ts";

/** A PNG that a result names. Throws LeakageError `file` where it did not come with the result. */
export function read(images: ReadonlyMap<string, Uint8Array>, file: string): Uint8Array {
  const bytes = images.get(file);
  if (bytes) return bytes;
  throw new LeakageError("file", `${file}: the result names this image, but it is not among the ${images.size} that came with it.`);
}

/** A PNG inside the page. */
export const embeddedPng = (png: Uint8Array, alternative: string): Markup =>
  html`<img alt="${alternative}" src="data:image/png;base64,${toBase64(png)}">`;
