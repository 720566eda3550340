import { type Assumption, type Attack, adam, annealed, assuming, exponentialRate, type Progress, type Search } from "../adversary/index.ts";
import { type Machine, type Tick, withLabels } from "../audit/index.ts";
import { gaussianLikelihood, laplacianLikelihood } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { priors } from "../priors/index.ts";
import { foldIn, keyFromSeed } from "../random/index.ts";
import { part, specHash } from "../spec/index.ts";
import { Curve, confidence, type Part } from "./curve.ts";
import type { Experiment, ExperimentRun, Finding } from "./experiment.ts";
import { type Figure4Params, figure4Params } from "./figure-4-params.ts";
import type { Series } from "./figure-4-result.ts";
import { type SyntheticDraws, syntheticNetwork } from "./synthetic-draws.ts";

type Law = Series["prior"];
/** What an adversary assumes. */
type Pair = { readonly prior: Law; readonly conditional: Law };
/** Where the adversaries are compared. */
type Setting = Pick<Series, "width" | "classes" | "k" | "delta">;

const truth = { prior: "gaussian", conditional: "laplacian" } as const;

/** The Bayes optimal adversary first, then those that are wrong about the prior, the conditional, or both. */
const pairs: readonly Pair[] = [
  truth,
  { prior: "laplacian", conditional: "laplacian" },
  { prior: "gaussian", conditional: "gaussian" },
  { prior: "laplacian", conditional: "gaussian" },
];

/** The main panel, the other widths, the other numbers of classes, the balls. */
function settingsOf({ width, classes, k, delta }: Figure4Params): readonly Setting[] {
  const main = { width: width[0]!, classes: classes[0]!, k: 1, delta: 0 };
  const all = [
    main,
    ...width.map((width) => ({ ...main, width })),
    ...classes.map((classes) => ({ ...main, classes })),
    ...k.flatMap((k) => delta.filter((delta) => delta > 0).map((delta) => ({ ...main, k, delta }))),
  ];
  return [...new Map(all.map((setting) => [JSON.stringify(setting), setting])).values()];
}

/** What a pair believes, in a setting. */
function assumptionOf(params: Figure4Params, { prior, conditional }: Pair, { k, delta }: Setting): Assumption {
  const { scale, sigma, priorScale, labels, points, bound } = params;
  const law =
    conditional === "laplacian" ? laplacianLikelihood(scale) : gaussianLikelihood(sigma === "matched" ? Math.SQRT2 * scale : sigma);
  const density =
    prior === "gaussian"
      ? priors.build({ kind: "gaussian", sigma: 1 })
      : priors.build({ kind: "laplacian", scale: priorScale === "matched" ? Math.SQRT1_2 : priorScale });
  return {
    likelihood: law,
    prior: density,
    jointLabels: labels === "joint",
    ...(delta > 0 ? { ball: { samples: k, radius: delta, space: "model", bound, points: k === 1 ? "independent" : points } } : {}),
  };
}

const searchOf = ({ steps, rate, gamma, anneal }: Figure4Params): Search => ({
  optimizer: adam(),
  steps,
  rate: exponentialRate(rate, gamma),
  ...(anneal < 1 ? { anneal: annealed(anneal) } : {}),
  start: "normal",
  box: false,
  restarts: 1,
  result: "last",
});

/** Figure 4 of the paper: the distance from the original by step, for the Bayes optimal adversary and three that are wrong about the prior, the conditional, or both. */
export const figure4 = part({
  kind: "figure-4",
  doc: "Figure 4: the Bayes optimal adversary against three that assume something else, on inputs and noise whose laws are known.",
  params: figure4Params,
  build: (params): Experiment => {
    const odd = params.k.find((k) => k > 1 && k % 2 === 1);
    if (params.points === "antithetic" && odd !== undefined)
      throw new LeakageError("spec", `experiment figure-4: points=antithetic draws pairs, and k=${odd} is odd; give an even k.`);
    return { run: (run) => figure4Of(params, run) };
  },
});

async function* figure4Of(params: Figure4Params, { spec, versions, machine }: ExperimentRun): AsyncGenerator<Tick, Finding> {
  const { samples, networks, lanes, steps } = params;
  const settings = settingsOf(params);
  const perProgram = ({ k }: Setting) => {
    const most = Math.max(1, Math.floor(lanes / k));
    return Math.ceil(samples / Math.ceil(samples / most));
  };
  const pairsOf = ({ delta }: Setting) => (delta > 0 && params.ballPairs === "optimal" ? pairs.slice(0, 1) : pairs);
  const chunks = (setting: Setting) => Math.ceil(samples / perProgram(setting));
  const of = settings.reduce((sum, setting) => sum + chunks(setting) * pairsOf(setting).length, 0) * networks * steps;
  let done = 0;
  const series: Series[] = [];
  const optimal = new Map<string, Curve>();
  for (const setting of settings) {
    const curves = pairsOf(setting).map(() => new Curve(networks, samples, steps));
    for (let i = 0; i < networks; i++) {
      const network = await syntheticNetwork(params, setting, foldIn(keyFromSeed(spec.seed), i), machine);
      // Every program of a network has as many lanes; those beyond the last draw are not counted.
      for (let from = 0; from < samples; from += perProgram(setting)) {
        const draws = await network.draws(from, perProgram(setting));
        for (const [p, pair] of pairsOf(setting).entries()) {
          const attack = assuming(assumptionOf(params, pair, setting), searchOf(params));
          for await (const { step, lanes } of follow({ attack, draws, labels: params.labels, machine }, curves[p]!.part(i, from)))
            yield { step: done + step, of, objective: mean(lanes.map(({ objective }) => objective)) };
          done += steps;
        }
      }
    }
    const key = `${setting.width} ${setting.classes}`;
    if (!optimal.has(key)) optimal.set(key, curves[0]!);
    series.push(...pairsOf(setting).map((pair, p) => ({ ...pair, ...setting, ...curves[p]!.summary(optimal.get(key)!) })));
  }
  return {
    pictures: new Map(),
    result: {
      format: "gradleak-figure-4-1",
      command: "reproduce",
      experiment: "figure-4",
      spec: spec as unknown as Finding["result"]["spec"],
      specHash: specHash(spec),
      seed: spec.seed,
      versions: { ...versions },
      truth,
      confidence,
      series,
      notes: notesOf(params),
    },
  };
}

/** An adversary and the draws that it attacks together. */
interface Followed {
  readonly attack: Attack;
  readonly draws: SyntheticDraws;
  readonly labels: Figure4Params["labels"];
  readonly machine: Machine;
}

/** Runs an attack and records how far every draw is from its original, at the start and after every step. */
async function* follow({ attack, draws, labels, machine }: Followed, { record, fail }: Part): AsyncGenerator<Progress> {
  const { seen, x, start, keys } = draws;
  record(0, distances(start, x, seen.lanes));
  let last: Progress | undefined;
  for await (const progress of attack.reconstruct(withLabels(seen, labels), keys, { ...machine, start })) {
    record(progress.step, distances(progress.pictures(), x, seen.lanes));
    last = progress;
    yield progress;
  }
  fail(last!.lanes.map(({ stopped }) => stopped === "nan"));
}

function distances(points: Float32Array, originals: Float32Array, count: number): Float64Array {
  const size = points.length / count;
  return Float64Array.from({ length: count }, (_, i) => {
    let squares = 0;
    for (let j = i * size; j < (i + 1) * size; j++) squares += (points[j]! - originals[j]!) ** 2;
    return Math.sqrt(squares);
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function notesOf({ networks, epochs, k, delta, labels, anneal, gamma, rate, steps }: Figure4Params): string[] {
  return [
    `All adversaries attack the same draws from the same starting points, by ${steps} steps of Adam with learning rate ${rate}${gamma < 1 ? `, times ${gamma} at every step` : ""}${anneal < 1 ? `; the likelihood is annealed from ${anneal}` : ", without annealing"}. Nothing was tuned on them.`,
    `Bands hold 95 % for the mean over inputs, noise and starts on ${networks === 1 ? "the one network that was" : `the ${networks} networks that were`} drawn; byNetwork shows how much networks differ.`,
    epochs === 0
      ? "The networks are untrained."
      : `Every network was trained for ${epochs === 1 ? "one epoch" : `${epochs} epochs`} before.`,
    ...(labels === "known" ? ["The labels are given."] : []),
    ...(delta.some((radius) => radius > 0) && k.length > 0
      ? [
          "With a ball the adversary maximizes the mean over it, which is another objective than the point's; its distance is still that of the ball's center.",
        ]
      : []),
  ];
}
