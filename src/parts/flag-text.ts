import { LeakageError } from "../errors.ts";
import type { Json, PartSpec } from "./part.ts";

/** A part as its flag states it. Values are still text, because only the part knows their types. */
export interface RawPart {
  readonly kind: string;
  readonly values: ReadonlyMap<string, string>;
}

/** In a chain, `+` starts the next part; in `1e+5` it does not. */
const chainSign = /\+(?=\s*[A-Za-z])/y;

/** Splits text at separators outside quotes and parentheses. */
export function splitOutside(text: string, separator: RegExp, name: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') {
      i++;
      while (i < text.length && text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
      if (i >= text.length) throw new LeakageError("spec", `${name}: a quote is never closed in ${JSON.stringify(text)}.`);
    } else if (character === "(") depth++;
    else if (character === ")") {
      if (--depth < 0) throw new LeakageError("spec", `${name}: a parenthesis closes that was never opened in ${JSON.stringify(text)}.`);
    } else if (depth === 0) {
      separator.lastIndex = i;
      if (!separator.test(text)) continue;
      pieces.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (depth > 0) throw new LeakageError("spec", `${name}: a parenthesis is never closed in ${JSON.stringify(text)}.`);
  return [...pieces, text.slice(start)];
}

/** Splits a chain `part+part` into its parts. Errors use the name to say whose text it is. */
export function splitChain(text: string, name: string): string[] {
  return splitOutside(text, chainSign, name).map((link) => link.trim());
}

/** Reads `kind:param=value,param=value`. */
export function readPart(text: string, name: string): RawPart {
  const [, kind, rest] = /^([^:]*)(?::(.*))?$/s.exec(text)!;
  if (!kind) throw new LeakageError("spec", `${name}: expected kind or kind:param=value,param=value; got ${JSON.stringify(text)}.`);
  const values = new Map<string, string>();
  for (const assignment of rest === undefined ? [] : splitOutside(rest, /,/y, name)) {
    const [, parameter, value] = /^\s*([^=]*?)\s*=(.*)$/s.exec(assignment) ?? [];
    if (!parameter || value === undefined)
      throw new LeakageError("spec", `${name} ${kind}: expected param=value; got ${JSON.stringify(assignment)}.`);
    if (values.has(parameter)) throw new LeakageError("spec", `${name} ${kind}: ${parameter} is given twice.`);
    values.set(parameter, value.trim());
  }
  return { kind, values };
}

/** The syntax of a number. */
export const numeral = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Whether a string needs quotes: it would end the value, or be read as another type. In a list, a
 * slash also ends a value.
 */
const needsQuotes = (text: string) => /[,()"\p{C}]|\+\s*[A-Za-z]|^\s|\s$|^$|^(none|true|false)$/u.test(text) || numeral.test(text);

/** Writes a part or a chain as flag text that reads back as the same spec. */
export function format(spec: PartSpec | readonly PartSpec[]): string {
  return isList(spec) ? spec.map(formatPart).join("+") : formatPart(spec);
}

function formatPart({ kind, ...values }: PartSpec): string {
  const assignments = Object.entries(values).map(([parameter, value]) => `${parameter}=${formatValue(value)}`);
  return assignments.length ? `${kind}:${assignments.join(",")}` : kind;
}

/** Writes the value of one parameter. */
export function formatValue(value: Json): string {
  if (value === null) return "none";
  if (typeof value === "number") return String(value).replace("e+", "e");
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return needsQuotes(value) ? JSON.stringify(value) : value;
  if (!isList(value)) return `(${formatPart(value as PartSpec)})`;
  if (value.some((entry) => typeof entry === "object" && entry !== null)) return `(${format(value as readonly PartSpec[])})`;
  return value.map((entry) => (typeof entry === "string" && entry.includes("/") ? JSON.stringify(entry) : formatValue(entry))).join("/");
}

/** Array.isArray for read-only arrays. */
function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
