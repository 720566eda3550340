import { canonicalJson } from "./canonical.ts";
import { format } from "./flag-text.ts";
import type { Json, PartSpec } from "./part.ts";

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
  return format(shortest(spec, (shorter) => reads(catalogue, shorter, whole), strength ? 2 : 1));
}

/** A part without the parameters that are completed to the same, also in the parts that are nested in it; its first `kept` fields stay, the kind among them. */
function shortest(part: PartSpec, same: (shorter: PartSpec) => boolean, kept = 1): PartSpec {
  let short = part;
  const change = (next: PartSpec): void => {
    if (same(next)) short = next;
  };
  for (const name of Object.keys(part).slice(kept)) {
    const { [name]: _, ...without } = short;
    change(without as PartSpec);
  }
  for (const [name, value] of Object.entries(short)) {
    const within = (inner: PartSpec[string]): PartSpec => ({ ...short, [name]: inner });
    if (isPart(value)) change(within(shortest(value, (inner) => same(within(inner)))));
    if (Array.isArray(value))
      for (const [i, link] of value.entries()) {
        const put = (inner: PartSpec): PartSpec => within((short[name] as Json[]).map((each, j) => (j === i ? inner : each)));
        if (isPart(link)) change(put(shortest(link, (inner) => same(put(inner)))));
      }
  }
  return short;
}

const isPart = (value: unknown): value is PartSpec => typeof value === "object" && value !== null && "kind" in value;

/** Whether a shorter spec is completed to the whole one. */
function reads(catalogue: { parse(input: unknown): unknown }, spec: PartSpec, whole: string): boolean {
  try {
    return canonicalJson(catalogue.parse(spec)) === whole;
  } catch {
    // A parameter without a default is missing.
    return false;
  }
}
