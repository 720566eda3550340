import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { LeakageError } from "../errors.ts";

/**
 * Canonical JSON (RFC 8785): keys in UTF-16 order, numbers as ECMAScript writes them, no white
 * space. Undefined fields are left out.
 *
 * @throws LeakageError `spec` for a value that JSON cannot hold; the message says where it is.
 */
export function canonicalJson(value: unknown): string {
  return write(value, "the value");
}

function write(value: unknown, where: string): string {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new LeakageError("spec", `Expected a finite number at ${where}; got ${value}.`);
  if (value === null || typeof value === "number" || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((entry, i) => write(entry, `${where}[${i}]`)).join(",")}]`;
  if (typeof value !== "object" || !isPlain(value)) throw new LeakageError("spec", `Expected plain data at ${where}; got ${typeof value}.`);
  const fields = Object.entries(value).filter(([, entry]) => entry !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, entry]) => `${JSON.stringify(key)}:${write(entry, `${where}.${key}`)}`).join(",")}}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * SHA-256 of the canonical JSON, as 64 hexadecimal digits. It names a job, its result and its cache
 * entry.
 */
export function specHash(spec: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalJson(spec))));
}
