import type { PartSpec } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { attackName, type CellSpec } from "./audit-spec.ts";

/** What a reader should know about the attacks of a spec, in sentences, each once. */
export function cautionsOf(
  { prior, client }: { readonly prior?: PartSpec | readonly PartSpec[] | undefined; readonly client: { readonly batch: number } },
  cells: readonly CellSpec[],
): string[] {
  const said = cells.flatMap(({ asked, attack, tuned }) => {
    if (attack.kind !== "bayes") return [];
    const {
      prior: own,
      samples,
      delta,
    } = attack as PartSpec & { readonly prior?: PartSpec | readonly PartSpec[]; readonly samples?: number; readonly delta?: number | null };
    const name = attackName(asked);
    return [
      ...(!tuned && isDefaultVariation(own ?? prior)
        ? [
            `${name} takes total variation at its default weight, which belongs to the cosine similarity of inverting-gradients and not to a law: tune it, as with --vary prior.weight=1/10/100.`,
          ]
        : []),
      ...(client.batch > 1 && (samples ?? 1) > 1 && delta !== 0
        ? [
            `${name} averages over one ball for each of the ${client.batch} images and maximizes the mass of all of them together, while an image counts as recovered by itself.`,
          ]
        : []),
    ];
  });
  return [...new Set(said)];
}

function isDefaultVariation(prior: PartSpec | readonly PartSpec[] | undefined): boolean {
  const standard = priors.parse("tv") as PartSpec;
  return [prior ?? []].flat().some((link) => link.kind === "tv" && link.weight === standard.weight);
}
