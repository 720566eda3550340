import { LeakageError } from "../errors.ts";
import { toBase64 } from "../formats/index.ts";
import { html, type Markup } from "./html.ts";

/** A PNG that a result names. Throws LeakageError `file` where it did not come with the result. */
export function read(pictures: ReadonlyMap<string, Uint8Array>, file: string): Uint8Array {
  const bytes = pictures.get(file);
  if (bytes) return bytes;
  throw new LeakageError("file", `${file}: the result names this picture, but it is not among the ${pictures.size} that came with it.`);
}

/** A PNG inside the page. */
export const picture = (png: Uint8Array, alternative: string): Markup =>
  html`<img alt="${alternative}" src="data:image/png;base64,${toBase64(png)}">`;
