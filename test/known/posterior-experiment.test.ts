import { describe, expect, it } from "vitest";
import type { PosteriorResult } from "../../src/experiments/index.ts";
import { experimentReport, experimentVerdict } from "../../src/report/index.ts";
import { runExperiment } from "./run-experiment.ts";

describe("reproduce posterior", () => {
  it("compares attacks on the same draws, bins what they state, and tells it", async () => {
    const made = await runExperiment(
      "posterior:scale=1,width=20,classes=3,dimension=4,tuning=12,samples=12,steps=40,chains=16,warmUp=12,draws=6,lanes=6",
    );
    const result = made.result as PosteriorResult;
    const [cell] = result.cells;
    expect(cell!.n).toBe(12);
    for (const sampled of cell!.posterior) {
      expect(sampled.recovered.estimate - cell!.point.recovered.estimate).toBeCloseTo(sampled.minusPoint.estimate, 5);
      expect(sampled.meanDistance - cell!.point.meanDistance).toBeCloseTo(sampled.distanceMinusPoint.estimate, 3);
      expect(sampled.calibration.reduce((sum, { n }) => sum + n, 0)).toBe(12);
      const stated = sampled.calibration.reduce((sum, { n, stated }) => sum + n * (stated ?? 0), 0) / 12;
      expect(stated).toBeCloseTo(sampled.stated, 4);
    }
    const report = experimentReport({ result, images: new Map(), reproduce: "gradleak reproduce posterior" });
    expect(report).toContain(experimentVerdict(result).sentence.replaceAll("'", "&#39;"));
  }, 180_000);
});
