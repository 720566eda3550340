import { type Attack, assuming, cosine, recoverLabels } from "../../src/adversary/index.ts";
import { attacks } from "../../src/attacks/index.ts";
import { fedSgd } from "../../src/client/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { constant } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { constantRate, type Optimizer } from "../../src/optimizers/index.ts";
import { totalVariation } from "../../src/priors/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../../src/random/index.ts";
import { simulate } from "../../src/scenario/index.ts";

/** Which network is attacked how, and after how many evaluations of the objective to stop. */
export interface Question {
  readonly model: string;
  readonly attack: string;
  readonly evaluations: number;
}

/**
 * What an engine answers: the update that it simulated, and the attacker's objective and image
 * after each evaluation.
 */
export interface Answer {
  readonly update: readonly Float32Array[];
  readonly start: Float32Array;
  readonly objectives: readonly number[];
  readonly images: readonly Float32Array[];
}

/**
 * Steps of `rate` standard deviations a pixel down the gradient: unlike Adam's, whose first step is
 * one of signs, they show every digit of it.
 */
const descent: Optimizer = {
  recovers: false,
  comparesValues: false,
  init: () => ({}),
  update: ({ point, gradient, rate }) => ({
    point: point.sub(gradient.div(gradient.square().mean().sqrt()).mul(rate)),
    state: {},
    completed: constant(1),
  }),
};

const attackOf = ({ attack, evaluations }: Question): Attack =>
  attack === "descent"
    ? assuming(
        {
          likelihood: cosine,
          prior: totalVariation.build({ weight: 1e-4, norm: "l1", directions: 2, wrap: false, reduction: "mean", space: "model" }),
        },
        { optimizer: descent, steps: evaluations, rate: constantRate(0.1), start: "normal", box: true, restarts: 1, result: "last" },
        { prior: "total variation" },
      )
    : attacks.build(attack).build({});

/**
 * Simulates the update of a made-up image and begins to attack it, on the engine that is there.
 */
export async function attackSteps(question: Question): Promise<Answer> {
  const key = keyFromSeed(11);
  const model = models.build(question.model, {
    shape: [3, 32, 32],
    classes: 10,
    normalization: { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] },
  });
  const one = fedSgd({ model, weights: initialWeights(model, key) });
  const x = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i / 7) + Math.cos(i / 331));
  const y = Float32Array.from({ length: 10 }, (_, label) => Number(label === 3));
  const start = new Float32Array(x.length);
  fillNormal(foldIn(key, 1), start);
  const engine = { threads: 2 };
  const scenario = { client: one, defense: defenses.build("none") };
  const received = await simulate(scenario, { lanes: 1, batchSize: 1, x, y }, [key], engine);
  const seen = { rounds: [received], lanes: 1, batchSize: 1 };
  const objectives: number[] = [];
  const images: Float32Array[] = [];
  const { labels } = await recoverLabels(seen, "sign", engine);
  for await (const progress of attackOf(question).reconstruct({ ...seen, labels }, [key], { ...engine, start })) {
    objectives.push(progress.lanes()[0]!.objective!);
    images.push(progress.inputs());
    if (objectives.length === question.evaluations) break;
  }
  return { update: [...received.updates.values()].map(({ data }) => data), start, objectives, images };
}
