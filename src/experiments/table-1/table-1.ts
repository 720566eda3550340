import { z } from "zod";
import { type Attack, isAssuming } from "../../adversary/index.ts";
import { attacks } from "../../attacks/index.ts";
import { type Batch, batchStatistics, type Client } from "../../client/index.ts";
import { shapesSet } from "../../data/index.ts";
import { defenses, lawOf } from "../../defenses/index.ts";
import { constant, Gradients, grad, input, type Tensor } from "../../graph/index.ts";
import { densityOf, priors } from "../../priors/index.ts";
import { fillNormal, keyFromSeed, stream } from "../../random/index.ts";
import { evaluate } from "../../runtime/index.ts";
import { privateBatches, type Tick } from "../../scenario/index.ts";
import { drawnClient } from "../drawn-client.ts";
import { type ExperimentRun, experiment, type Finding } from "../experiment.ts";
import { headOf } from "../experiment-result.ts";
import { kept } from "../kept.ts";
import { type Method, methods } from "./methods.ts";
import { rowSchema, type Table1Result, type Table1Row, table1Schema } from "./table-1-result.ts";

const params = {
  width: z.int().positive().max(64).default(4).describe("Width of the ConvNet whose gradients are compared."),
  batch: z.int().positive().max(8).default(2).describe("Images in the update."),
} as const;

type Table1Params = z.output<z.ZodObject<typeof params>>;

/**
 * Table 1 of the paper: existing attacks as assumptions about p(g | x) and p(x). Each row is a
 * value of the catalogue; the derivative in x of what it minimizes is compared with that of its
 * authors' loss, on the gradients of a network and images that ship.
 */
export const table1 = experiment({
  kind: "table-1",
  doc: "Table 1: the attacks as values, and the cosine of each one's gradient with that of its authors' loss.",
  params,
  result: table1Schema,
  build: (given) => ({ run: (run) => table1Of(given, run) }),
});

async function* table1Of(given: Table1Params, run: ExperimentRun): AsyncGenerator<Tick, Finding<Table1Result>> {
  const place = placeOf(given, run);
  const rows: Table1Row[] = [];
  for (const [i, method] of methods.entries()) {
    const row = yield* kept(run, `row-${i}`, rowSchema, async () => rowOf(method, place));
    rows.push(row);
    yield { step: i + 1, of: methods.length, objective: () => row.cosine };
  }
  const result: Table1Result = {
    ...headOf("table-1", run),
    rows,
    notes: [
      "GradInversion stands twice: with the un-squared norms of the method itself, and with the Gaussian as which the paper reads it.",
      "The paper prints the cosine law of Inverting Gradients with the opposite sign; maximizing it must raise the similarity.",
    ],
  };
  return { result, images: new Map() };
}

/** Where objectives are compared. */
interface Place {
  readonly client: Client;
  /** Where the derivative is taken. */
  readonly batch: Batch;
  readonly guess: Float32Array;
  /** What the server saw, a parameter each. */
  readonly seen: readonly Tensor[];
}

/** The gradients of some images, and a random guess at them. */
function placeOf({ width, batch: size }: Table1Params, { spec }: ExperimentRun): Place {
  const root = keyFromSeed(spec.seed);
  const dataset = shapesSet("test");
  const client = drawnClient({ kind: "convnet", width }, dataset, root);
  const { model } = client;
  const held = privateBatches([Array.from({ length: size }, (_, i) => dataset.example(i))], client);
  const guess = new Float32Array(held.x.length);
  fillNormal(stream(root, "guess"), guess);
  const y = constant(held.y, [size, model.classes]);
  const sent = client.update({ x: constant(held.x, [size, ...model.shape]), y });
  const seen = evaluate([...sent.tensors.values()]).map(({ shape, data }) => constant(data, shape));
  return { client, batch: { x: input("x", [size, ...model.shape]), y }, guess, seen };
}

/**
 * A row, and how its objective's derivative compares with that of the authors' loss at the guess.
 */
function rowOf(method: Method, { client, batch, seen, guess }: Place): Table1Row {
  const attack = attacks.build(method.attack).build({
    law: lawOf(defenses.build(method.defense)),
    ...(method.prior ? { prior: { prior: priors.build(method.prior), name: method.prior } } : {}),
  });
  const update = client.update(batch);
  const own = update.names.map((name) => update.entries(name));
  const theirs = (gradients: readonly Tensor[]) =>
    method.build({ own: gradients, seen, x: batch.x, statistics: batchStatistics(client, batch) });
  const terms = termsOf(attack, client, batch, seen);
  // The likelihood depends on x through the gradients alone, so without their derivative the loss is
  // its prior's.
  const losses = [terms.likelihood, terms.prior, theirs(own), theirs(own.map((entries) => entries.stopGradient()))];
  const slopes = evaluate(
    losses.flatMap((loss) => grad(loss, [batch.x])),
    { x: guess },
  );
  const [likelihood, prior, theirWhole, theirPrior] = slopes.map(({ data }) => Float64Array.from(data)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const whole = likelihood.map((entry, i) => entry + prior[i]!);
  const theirLikelihood = theirWhole.map((entry, i) => entry - theirPrior[i]!);
  const { law, prior: believed, radius, samples } = attack.assumes;
  return {
    method: method.name,
    source: method.source,
    attack: method.attack,
    law,
    prior: believed,
    radius,
    samples,
    loss: method.loss,
    cosine: dot(whole, theirWhole) / Math.sqrt(dot(whole, whole) * dot(theirWhole, theirWhole)),
    off: { likelihood: off(likelihood, theirLikelihood), prior: off(prior, theirPrior) },
  };
}

const dot = (u: Float64Array, v: Float64Array): number => u.reduce((sum, each, i) => sum + each * v[i]!, 0);

/** ‖a − b‖ / ‖b‖, or ‖a‖ where b is 0. */
function off(a: Float64Array, b: Float64Array): number {
  const difference = a.map((entry, i) => entry - b[i]!);
  return Math.sqrt(dot(difference, difference) / (dot(b, b) || 1));
}

/** What an attack minimizes at the point x, as its two terms: −log p(g | x) and −log p(x). */
function termsOf(attack: Attack, client: Client, batch: Batch, seen: readonly Tensor[]) {
  if (!isAssuming(attack)) throw new Error("a row of table 1 is an attack with an assumption");
  const { likelihood, prior } = attack.assumption;
  const update = new Gradients(new Map(client.parameters.map(({ name }, l) => [name, seen[l]!])));
  return { likelihood: likelihood.given(client)(batch).logProb(update).neg(), prior: densityOf(prior, client).logProb(batch).neg() };
}
