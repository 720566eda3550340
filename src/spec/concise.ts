import { canonicalJson } from "./canonical.ts";
import { format } from "./flag-text.ts";
import type { PartSpec } from "./part.ts";

/**
 * Writes a part, or a chain, as the shortest flag text that reads back as the same spec: parameters at their defaults are left out.
 *
 * @param strength whether the first parameter of each part is written all the same: of a defense, how strong it is.
 */
export function concise(catalogue: { parse(input: unknown): unknown }, spec: PartSpec | readonly PartSpec[], strength = false): string {
  const links = "kind" in spec ? [spec as PartSpec] : (spec as readonly PartSpec[]);
  return links.map((link) => conciseLink(catalogue, link, strength)).join("+");
}

function conciseLink(catalogue: { parse(input: unknown): unknown }, spec: PartSpec, strength: boolean): string {
  const whole = canonicalJson(spec);
  const kept = Object.entries(spec).filter(([name], i) => {
    // The kind comes first.
    if (i === 0 || (strength && i === 1)) return true;
    const { [name]: _, ...without } = spec;
    return !reads(catalogue, without, whole);
  });
  const short = Object.fromEntries(kept) as PartSpec;
  return format(reads(catalogue, short, whole) ? short : spec);
}

/** Whether a shorter spec is completed to the whole one. */
function reads(catalogue: { parse(input: unknown): unknown }, spec: object, whole: string): boolean {
  try {
    return canonicalJson(catalogue.parse(spec)) === whole;
  } catch {
    // A parameter without a default is missing.
    return false;
  }
}
