import { describe, expect, it } from "vitest";
import { attacks } from "../../src/attacks/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import type { PartSpec } from "../../src/parts/index.ts";
import { priors } from "../../src/priors/index.ts";
import type { CellSpec } from "../../src/runs/audit-spec.ts";
import { cautionsOf } from "../../src/runs/cautions.ts";

const cautions = (attack: string, prior?: string, batch = 1, tuned?: CellSpec["tuned"]) => {
  const asked = attacks.parse(attack);
  const cell = { defense: defenses.parse("none"), asked, attack: asked, ...(tuned ? { tuned } : {}) };
  return cautionsOf({ client: { batch }, ...(prior ? { prior: priors.parse(prior) as PartSpec } : {}) }, [cell, cell]);
};

describe("a reader is told", () => {
  it("that the default weight of total variation belongs to another objective, unless it was tuned", () => {
    for (const [attack, prior] of [["bayes", "tv"], ["bayes:prior=tv"], ["bayes", "tv:norm=isotropic"]] as const)
      expect(cautions(attack, prior)).toEqual([expect.stringContaining("default weight, which belongs to the cosine similarity")]);
    for (const [attack, prior] of [
      ["bayes", "tv:weight=100"],
      ["bayes:prior=(tv:weight=10)", "tv"],
      ["bayes", "uniform"],
      ["inverting-gradients"],
    ] as const)
      expect(cautions(attack, prior)).toEqual([]);
    expect(cautions("bayes", "tv", 1, {} as NonNullable<CellSpec["tuned"]>)).toEqual([]);
  });

  it("that the ball of a batch is a product, while images are scored one by one", () => {
    expect(cautions("bayes:samples=8", "uniform", 4)).toEqual([expect.stringContaining("one ball for each of the 4 images")]);
    expect(cautions("bayes:samples=8", "uniform", 1)).toEqual([]);
    expect(cautions("bayes", "uniform", 4)).toEqual([]);
  });
});
