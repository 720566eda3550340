import type { Adaptive } from "../defenses/index.ts";
import type { AnyPart, PartSpec } from "../parts/index.ts";
import { searches } from "./searches.ts";

/**
 * The prior of the paper's own Bayes attack on images, where nobody states one and the data has no
 * known density: squared and periodic total variation, added up, with factor 1 (Balunović et al.
 * 2022, in their code).
 */
const paperPrior = "tv:weight=1,norm=squared,wrap=true,reduction=sum";

/**
 * The spec of the adaptive attack beside another attack, or the reason why there is none. A
 * tailored attack changes the other attack where it can. Bayes takes its steps.
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
  return { attack: { kind: "bayes", ...steps, ...(hasPrior ? {} : { prior: paperPrior }) } };
}
