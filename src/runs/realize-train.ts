import { type Client, fedSgd, losses } from "../client/index.ts";
import { type Dataset, datasets, remembering } from "../data/index.ts";
import { defended, defenses, requireFit } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { type Federation, schedules } from "../federated/index.ts";
import { type Examples, initialWeights, type Model, models, type Weights } from "../models/index.ts";
import { adam, sgd, withWeightDecay } from "../optimizers/index.ts";
import { keyFromSeed, stream } from "../random/index.ts";
import { type CompileOptions, evaluate } from "../runtime/index.ts";
import { weightsOf } from "./client-weights.ts";
import { divided } from "./holders.ts";
import { type Prepared, taskOf } from "./prepare.ts";
import { roundsPerEpoch } from "./prepare-train.ts";
import type { Sources } from "./sources.ts";
import { privacyNotes } from "./train-privacy.ts";
import type { TrainSpec } from "./train-spec.ts";

/** A training whose parts are objects. */
export interface RealizedTraining {
  readonly spec: TrainSpec;
  /** The network that is trained, with what the defense adds to it. */
  readonly model: Model;
  readonly federation: Federation;
  /** The weights before the first round. */
  readonly weights: Weights;
  /** The examples that accuracy is measured on. */
  readonly test: Examples;
  readonly notes: readonly string[];
}

/** More numbers than this for what clients compute in a round do not fit a machine. */
const mostNumbers = 2 ** 29;

/**
 * Makes the objects of a training once. It checks that they fit together before anything is
 * computed.
 *
 * @throws LeakageError for anything that does not fit or does not resolve.
 */
export async function realizeTraining(
  { spec, data, testData }: Prepared<TrainSpec> & { readonly testData: Dataset<readonly number[]> },
  sources: Sources,
  machine: CompileOptions,
): Promise<RealizedTraining> {
  const { client, seed, clients, taking, protocol, server, statistics } = spec;
  const model = models.build(client.model, taskOf(data));
  const root = keyFromSeed(seed);
  const defense = defenses.build(spec.defense);
  const { weights: known, notes } =
    client.weights.kind === "initial"
      ? { weights: initialWeights(model, stream(root, "weights")), notes: [] }
      : await weightsOf({ client, seed }, model, sources, [defense]);
  const loss = losses.build(client.loss);
  const sender = defended(defense, fedSgd({ model, weights: known, mode: client.mode, loss }));
  const weights = withAdded(known, sender);
  const examples = examplesIn(data, spec, spec.data.examples);
  const partition = await divided({ partition: spec.partition, clients, examples: examples.count, seed }, data, sources);
  const length = { rounds: spec.rounds, roundsPerEpoch: roundsPerEpoch(spec, examples.count, taking) };
  requireFit(defense, sender, client.batch);
  const parameters = sender.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  if ((defense.steps.length > 0 || protocol.kind === "fed-avg") && parameters * taking > mostNumbers)
    throw new LeakageError(
      "spec",
      `${taking} clients with ${parameters} parameters each do not fit one round; take fewer --clients-per-round (at most ${Math.floor(mostNumbers / parameters)}).`,
    );
  const { optimizer, momentum = 0, nesterov, weightDecay } = server;
  return {
    spec,
    model: sender.model,
    weights,
    test: examplesIn(testData, spec, spec.data.testExamples),
    notes: [...data.notes, ...notes, ...privacyNotes(spec, defense, partition)],
    federation: {
      model,
      mode: client.mode,
      loss,
      protocol,
      defense,
      optimizer: withWeightDecay(optimizer === "sgd" ? sgd({ momentum, nesterov }) : adam({ scaled: false }), weightDecay),
      rate: schedules.build(server.schedule)(server.rate, length),
      statistics,
      examples,
      partition,
      taking,
      batch: client.batch,
      root,
      machine,
    },
  };
}

/** Weights with those of what a defense adds to the network, at their initial values. */
function withAdded(known: Weights, { parameters, weight }: Client): Weights {
  const added = parameters.filter(({ name }) => !known.has(name));
  const values = evaluate(added.map(({ name }) => weight(name)));
  return new Map([...known, ...added.map(({ name, shape }, i) => [name, { shape, data: Float32Array.from(values[i]!.data) }] as const)]);
}

/** The first examples of a data set. Those that are drawn, and not read, are drawn once. */
function examplesIn(data: Dataset<readonly number[]>, { data: { set } }: TrainSpec, count: number): Examples {
  const kept = datasets.build(set).reads === "nothing" ? remembering(data, count) : data;
  return { count, image: (i) => kept.example(i).image, label: (i) => data.label?.(i) ?? kept.example(i).label };
}
