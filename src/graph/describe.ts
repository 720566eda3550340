/**
 * Writes attributes as text, such that equal texts mean equal attributes. `large` returns the text
 * for values that are too long (arrays of more than 64 numbers) or cannot be written (functions).
 */
export function describe(value: unknown, large: (value: object) => string): string {
  if (typeof value === "function") return large(value);
  if (ArrayBuffer.isView(value)) {
    const numbers = value as Float64Array;
    if (numbers.length > 64) return large(value);
    return `${value.constructor.name}(${Array.from(numbers, (entry) => (Object.is(entry, -0) ? "-0" : entry))})`;
  }
  if (Array.isArray(value)) return `[${value.map((part) => describe(part, large))}]`;
  if (value !== null && typeof value === "object")
    return `{${Object.entries(value).map(([name, part]) => `${name}:${describe(part, large)}`)}}`;
  return String(value);
}
