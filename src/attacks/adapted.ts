import type { Adaptive } from "../defenses/index.ts";
import type { AnyPart, PartSpec } from "../parts/index.ts";
import { searches } from "./searches.ts";

/**
 * The spec of the adaptive attack beside another attack, or the reason why there is none. A
 * tailored attack changes the other attack where it can. Bayes takes its steps; without a stated
 * prior it comes as the judge of the battery `auto`, which has a standard one.
 *
 * @param parts all attacks.
 * @param hasPrior whether the setting states a prior.
 */
export function adaptedFrom(
  parts: readonly AnyPart<[], unknown>[],
  naive: PartSpec,
  adaptive: Adaptive,
  hasPrior: boolean,
): { readonly attack: { readonly kind: string; readonly [parameter: string]: unknown } } | { readonly reason: string } {
  if (adaptive.kind === "none") return { reason: adaptive.reason };
  const paramsOf = (kind: string) => parts.find((one) => one.kind === kind)?.params ?? {};
  if (adaptive.kind === "tailored") {
    if (naive.kind === adaptive.attack) return { attack: naive };
    const changes = "attack" in paramsOf(adaptive.attack) && searches.parts.some(({ kind }) => kind === naive.kind);
    return { attack: { kind: adaptive.attack, ...(changes ? { attack: naive } : {}) } };
  }
  // An attack whose likelihood is open assumes the law of the defense if none is stated.
  if ("conditional" in paramsOf(naive.kind)) {
    const { conditional: _, ...open } = naive;
    return { attack: open as PartSpec };
  }
  const steps = "steps" in paramsOf(naive.kind) ? { steps: naive.steps } : {};
  return { attack: { kind: hasPrior ? "bayes" : "auto", ...steps } };
}
