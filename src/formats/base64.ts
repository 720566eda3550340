import { LeakageError } from "../errors.ts";

/** Encodes bytes as base64 (RFC 4648). */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/**
 * Decodes base64.
 *
 * @param source the name of the text in errors.
 * @throws LeakageError `file` for text that is not base64.
 */
export function fromBase64(text: string, source: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new LeakageError("file", `${source} is not base64.`, { cause });
  }
}
