import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Figure4Result } from "../../src/experiments/index.ts";
import { runExperiment } from "../known/run-experiment.ts";

interface Reference {
  readonly seed: number;
  readonly networks: number;
  readonly samples: number;
  readonly steps: readonly number[];
  readonly series: readonly { width: number; classes: number; prior: string; conditional: string; mean: readonly number[] }[];
}

const reference = JSON.parse(readFileSync(new URL("figure-4.json", import.meta.url), "utf8")) as Reference;

type Setting = Omit<Reference["series"][number], "mean">;

/** Distances after a step: ours, and those of PyTorch. */
async function compare(
  params: Readonly<Record<string, unknown>>,
  precision: "float32" | "float64",
  tolerance: (setting: Setting, step: number) => number,
): Promise<void> {
  const { seed, networks, samples, steps } = reference;
  const asked = { kind: "figure-4", networks, samples, delta: [0], tuneDraws: 0, ...params };
  const { series } = (await runExperiment(asked, { seed, threads: 2, precision })).result as Figure4Result;
  for (const own of series) {
    const { mean, ...setting } = reference.series.find(
      ({ width, classes, prior, conditional }) =>
        width === own.width && classes === own.classes && prior === own.prior && conditional === own.conditional,
    )!;
    steps.forEach((step, at) => {
      const apart = Math.abs(own.distance.mean[step]! - mean[at]!);
      expect(apart, `${JSON.stringify(setting)} at step ${step}`).toBeLessThan(tolerance(setting, step));
    });
  }
}

// Close to an optimum of an ℓ1 norm, signs differ by the last digit: Adam then jitters around it in
// other ways.
const smooth = ({ conditional }: Setting) => conditional === "gaussian";

it("figure 4 in float64 is what PyTorch computes, draw by draw", async () => {
  await compare({ width: [50], classes: [10, 2] }, "float64", (setting, step) => (smooth(setting) || step <= 50 ? 2e-5 : 0.04));
}, 120_000);

it("figure 4 in float32 follows PyTorch, draw by draw, at other widths and numbers of classes", async () => {
  await compare({ width: [50, 20], classes: [10, 2] }, "float32", (setting, step) =>
    (smooth(setting) && setting.prior === "gaussian") || step <= 10 ? 1e-3 : 0.04,
  );
}, 180_000);
