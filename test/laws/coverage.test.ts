import { describe, expect, it } from "vitest";
import { binomialMass } from "../../src/metrics/binomial.ts";
import {
  bootstrapMean,
  bootstrapMedian,
  clopperPearson,
  clusterBootstrap,
  clusterProportion,
  type Interval,
  mcnemar,
  riskAt,
  riskCurve,
  tango,
} from "../../src/metrics/index.ts";
import { fillNormal, fillUniform, foldIn, type KeyBits, keyFromSeed } from "../../src/random/index.ts";

/** How often, in `trials` samples drawn anew, `holds` is true. */
function share(trials: number, seed: number, holds: (key: KeyBits, trial: number) => boolean): number {
  let count = 0;
  for (let trial = 0; trial < trials; trial++) if (holds(foldIn(keyFromSeed(seed), trial), trial)) count++;
  return count / trials;
}
/** Three standard errors of a share near `p`. */
const slack = (p: number, trials: number) => 3 * Math.sqrt((p * (1 - p)) / trials);
const uniforms = (key: KeyBits, n: number) => {
  const out = new Float64Array(n);
  fillUniform(key, out);
  return out;
};
const covers = ({ lower, upper }: Interval, truth: number) => lower <= truth && truth <= upper;

describe("coverage is at least nominal", () => {
  const proportions = [0.004, 0.03, 0.05, 0.2, 0.5, 0.93];

  it.each([30, 72, 200])("Clopper-Pearson, %d draws, counted over all outcomes", (n) => {
    for (const confidence of [0.9, 0.95, 0.99]) {
      const intervals = Array.from({ length: n + 1 }, (_, k) => clopperPearson(k, n, confidence));
      for (const p of proportions) {
        const coverage = intervals.reduce((sum, interval, k) => sum + (covers(interval, p) ? binomialMass(k, n, p) : 0), 0);
        expect(coverage, `of ${p} at ${confidence}`).toBeGreaterThanOrEqual(confidence);
      }
      // And not wasteful where there are many outcomes.
      const middle = intervals.reduce((sum, interval, k) => sum + (covers(interval, 0.5) ? binomialMass(k, n, 0.5) : 0), 0);
      expect(middle).toBeLessThan(1 - (1 - confidence) / 3.5);
    }
  });

  it("Clopper-Pearson, drawn", () => {
    const trials = 4000;
    for (const [i, p] of proportions.entries()) {
      const coverage = share(trials, 100 + i, (key) => {
        const successes = uniforms(key, 100).reduce((sum, u) => sum + Number(u < p), 0);
        return covers(clopperPearson(successes, 100, 0.95), p);
      });
      expect(coverage, `of ${p}`).toBeGreaterThanOrEqual(0.95 - slack(0.95, trials));
    }
  });

  it.each([20, 200])("DKW, %d draws, the whole curve", (n) => {
    const trials = 4000;
    const coverage = share(trials, 200, (key) => {
      // Distances with R(δ) = 1 − δ; the largest deviations are at and just before the steps.
      const curve = riskCurve([...uniforms(key, n)], 0.95);
      return curve.points.every(({ delta, lower, upper }, i) => {
        const next = curve.points[i + 1]?.delta ?? 1;
        return lower <= 1 - next && 1 - delta <= upper;
      });
    });
    expect(coverage).toBeGreaterThanOrEqual(0.95 - slack(0.95, trials));
    expect(coverage).toBeLessThan(0.985);
  });

  it("DKW, 40 clusters of 3 draws with much in common", () => {
    const coverage = share(3000, 201, (key) => {
      const [own, common] = [uniforms(foldIn(key, 0), 120), uniforms(foldIn(key, 1), 40)];
      const distances = [...own].map((u, i) => (u < 0.3 ? uniforms(foldIn(key, 2 + i), 1)[0]! : common[Math.floor(i / 3)]!));
      const curve = riskCurve(distances, 0.95, 3);
      return curve.points.every(({ delta }, i) => {
        const { lower, upper } = riskAt(curve, delta);
        return lower <= 1 - (curve.points[i + 1]?.delta ?? 1) && 1 - delta <= upper;
      });
    });
    expect(coverage).toBeGreaterThanOrEqual(0.95 - slack(0.95, 3000));
  });

  it("McNemar, equally good attacks rejected at most once in twenty, unequal ones often", () => {
    const outcome = (key: KeyBits, first: number, second: number) => {
      const counts = { onlyFirst: 0, onlySecond: 0 };
      for (const u of uniforms(key, 120)) u < first ? counts.onlyFirst++ : u < first + second && counts.onlySecond++;
      return mcnemar(counts) < 0.05;
    };
    expect(share(4000, 300, (key) => outcome(key, 0.15, 0.15))).toBeLessThanOrEqual(0.05 + slack(0.05, 4000));
    expect(share(1000, 301, (key) => outcome(key, 0.25, 0.05))).toBeGreaterThan(0.9);
  });
});

describe("coverage is within 2 points of nominal", () => {
  const near = (coverage: number, nominal: number) => {
    expect(coverage).toBeGreaterThan(nominal - 0.02);
    expect(coverage).toBeLessThan(nominal + 0.02);
  };

  it.each([
    { n: 100, first: 0.1, second: 0.1, confidence: 0.95 },
    { n: 100, first: 0.3, second: 0.1, confidence: 0.95 },
    { n: 200, first: 0.05, second: 0.02, confidence: 0.95 },
    { n: 60, first: 0.25, second: 0.2, confidence: 0.9 },
  ])("Tango, $n draws, $first against $second, at $confidence", ({ n, first, second, confidence }) => {
    const seen = new Map<string, boolean>();
    near(
      share(5000, 400 + n, (key) => {
        let [onlyFirst, onlySecond] = [0, 0];
        for (const u of uniforms(key, n)) u < first ? onlyFirst++ : u < first + second && onlySecond++;
        const place = `${onlyFirst},${onlySecond}`;
        if (!seen.has(place))
          seen.set(
            place,
            covers(tango({ both: 0, onlyFirst, onlySecond, neither: n - onlyFirst - onlySecond }, confidence), first - second),
          );
        return seen.get(place)!;
      }),
      confidence,
    );
  });

  const options = { confidence: 0.95, resamples: 300 };
  // Differences of distances: skewed, with mean 0 and median ln 2 − 1.
  const skewed = (key: KeyBits, n: number) => Array.from(uniforms(key, n), (u) => -Math.log(1 - u) - 1);
  const normals = (key: KeyBits, n: number) => {
    const out = new Float64Array(n);
    fillNormal(key, out);
    return [...out];
  };

  it.each([
    { n: 12, name: "normal", draw: normals },
    { n: 60, name: "skewed", draw: skewed },
  ])("bootstrap of a mean, $n $name draws", ({ n, draw }) => {
    near(
      share(2500, 500 + n, (key) => covers(bootstrapMean(draw(key, n), foldIn(key, 1), options), 0)),
      0.95,
    );
  });

  it("bootstrap of a median, 51 skewed draws", () => {
    near(
      share(1500, 600, (key) => covers(bootstrapMedian(skewed(key, 51), foldIn(key, 1), options), Math.LN2 - 1)),
      0.95,
    );
  });

  // Clusters of 1, 2, 3, 4 values that share a part.
  const clustered = (key: KeyBits) => {
    const draws = normals(key, 200);
    return Array.from({ length: 40 }, (_, c) => Array.from({ length: 1 + (c % 4) }, (_, i) => draws[5 * c]! + 0.7 * draws[5 * c + 1 + i]!));
  };

  it("bootstrap over 40 clusters, which their values alone would miss", () => {
    near(
      share(2500, 700, (key) => covers(clusterBootstrap(clustered(key), foldIn(key, 1), options), 0)),
      0.95,
    );
    expect(share(300, 701, (key) => covers(bootstrapMean(clustered(key).flat(), foldIn(key, 1), options), 0))).toBeLessThan(0.87);
  });

  it("bootstrap of a share over 60 clusters of 4", () => {
    near(
      share(2500, 800, (key) => {
        // The chance of a cluster is drawn first: √u has the mean 2/3.
        const own = uniforms(key, 240);
        const chances = uniforms(foldIn(key, 1), 60);
        const clusters = Array.from(chances, (u, c) => [0, 1, 2, 3].map((i) => own[4 * c + i]! < Math.sqrt(u)));
        return covers(clusterProportion(clusters, foldIn(key, 2), options), 2 / 3);
      }),
      0.95,
    );
  });
});

describe("a share over clusters is at least nominal where nearly nothing is recovered", () => {
  it.each([0.001, 0.01, 0.03])("of %d, 72 clusters of 4", (p) => {
    const trials = 1000;
    const coverage = share(trials, 900, (key) => {
      const own = uniforms(key, 72);
      // A whole cluster is recovered, or nothing of it.
      const clusters = Array.from(own, (u) => [u < p, u < p, u < p, u < p]);
      return clusterProportion(clusters, foldIn(key, 1), { confidence: 0.95, resamples: 100 }).upper >= p;
    });
    expect(coverage).toBeGreaterThanOrEqual(0.95 - slack(0.95, trials));
  });
});
