import { canonicalJson } from "./canonical.ts";
import { format } from "./flag-text.ts";
import type { PartSpec } from "./part.ts";

/**
 * Writes a part or a chain as the shortest flag text that reads back as the same spec. Parameters
 * at their defaults are left out.
 *
 * @param strength whether to write the first parameter of each part in any case. For a defense, it
 * is the strength.
 */
export function concise(catalogue: { parse(input: unknown): unknown }, spec: PartSpec | readonly PartSpec[], strength = false): string {
  const links = "kind" in spec ? [spec as PartSpec] : (spec as readonly PartSpec[]);
  return links.map((link) => conciseLink(catalogue, link, strength)).join("+");
}

function conciseLink(catalogue: { parse(input: unknown): unknown }, spec: PartSpec, strength: boolean): string {
  const whole = canonicalJson(spec);
  return format(shortest(spec, (shorter) => reads(catalogue, shorter, whole), strength ? 2 : 1));
}

/**
 * Drops from a part or a list, at any depth, every parameter that parsing fills in with the same
 * value. The first `kept` fields of the part stay, including the kind.
 *
 * @param same whether a shorter value still completes to the whole.
 */
function shortest<Value extends object>(value: Value, same: (shorter: Value) => boolean, kept = 1): Value {
  let short = value;
  const change = (next: Value): void => {
    if (same(next)) short = next;
  };
  if ("kind" in value)
    for (const name of Object.keys(value).slice(kept)) {
      const { [name as keyof Value]: _, ...without } = short;
      change(without as Value);
    }
  for (const [name, inner] of Object.entries(short)) {
    if (typeof inner !== "object" || inner === null) continue;
    const put = (next: object): Value => (Array.isArray(short) ? short.with(Number(name), next) : { ...short, [name]: next }) as Value;
    change(put(shortest(inner, (next) => same(put(next)))));
  }
  return short;
}

/** Whether a shorter spec completes to the whole one. */
function reads(catalogue: { parse(input: unknown): unknown }, spec: PartSpec, whole: string): boolean {
  try {
    return canonicalJson(catalogue.parse(spec)) === whole;
  } catch {
    // A parameter without a default is missing.
    return false;
  }
}
