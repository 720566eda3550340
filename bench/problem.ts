import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { initialWeights, type Model, models, type Weights } from "../src/models/index.ts";
import { fillNormal, fillUniform, foldIn, keyFromSeed } from "../src/random/index.ts";
import type { Case } from "./cases.ts";

const shape = [3, 32, 32] as const;
const pixels = 3 * 32 * 32;
const classes = 10;
/** CIFAR-10's. */
const normalization = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };

/** Factor of the total variation, and learning rate. */
const tv = 1e-4;
const rate = 0.1;
/** The learning rate of a training step, with momentum 0.9. */
const trainingRate = 0.01;

/**
 * An attack that every program runs: the same weights, private images and starting points, one
 * image a lane.
 */
export interface Problem {
  readonly model: Model;
  readonly weights: Weights;
  readonly lanes: number;
  /** Private images and starting points, [lanes, 3, 32, 32] in model space. */
  readonly truth: Float32Array;
  readonly start: Float32Array;
  readonly labels: readonly number[];
  /** Whether the images are one batch that a network is trained on. */
  readonly trains: boolean;
  readonly tv: number;
  readonly rate: number;
}

/**
 * What problem.json says; numbers.f32 holds the arrays, one behind the other, in the machine's byte
 * order.
 */
interface Description {
  readonly network: Case["network"];
  readonly params: Case["params"];
  readonly lanes: number;
  readonly labels: readonly number[];
  readonly trains: boolean;
  readonly tv: number;
  readonly rate: number;
  readonly arrays: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const modelOf = ({ network, params }: Pick<Case, "network" | "params">): Model =>
  models.build({ kind: network, ...params }, { shape, classes, normalization });

/** Draws a problem and writes it into a folder, where {@link readProblem} and the peers find it. */
export async function writeProblem(folder: string, { network, params, trains: forTraining }: Case, lanes: number): Promise<void> {
  const trains = forTraining === true;
  const model = modelOf({ network, params });
  const key = keyFromSeed(1);
  const weights = initialWeights(model, foldIn(key, 0));
  const truth = new Float32Array(lanes * pixels);
  fillUniform(foldIn(key, 1), truth);
  const start = new Float32Array(lanes * pixels);
  fillNormal(foldIn(key, 2), start);
  const channel = (i: number) => Math.floor(i / (32 * 32)) % 3;
  const { mean, std } = model.normalization;
  const perChannel = (pixel: number) => Float32Array.from(mean, (center, c) => (pixel - center) / std[c]!);
  const arrays = [
    ...[...weights].map(([name, numbers]) => ({ name: `weight.${name}`, ...numbers })),
    { name: "truth", shape: [lanes, ...shape], data: truth.map((u, i) => (u - mean[channel(i)]!) / std[channel(i)]!) },
    { name: "start", shape: [lanes, ...shape], data: start },
    { name: "low", shape: [3], data: perChannel(0) },
    { name: "high", shape: [3], data: perChannel(1) },
  ];
  const description: Description = {
    network,
    params,
    lanes,
    labels: Array.from({ length: lanes }, (_, lane) => lane % classes),
    trains,
    tv,
    rate: trains ? trainingRate : rate,
    arrays: arrays.map(({ name, shape }) => ({ name, shape })),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "numbers.f32"),
    Buffer.concat(arrays.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))),
  );
  await writeFile(join(folder, "problem.json"), JSON.stringify(description));
}

/** Reads what {@link writeProblem} wrote. */
export async function readProblem(folder: string): Promise<Problem> {
  const description = JSON.parse(await readFile(join(folder, "problem.json"), "utf8")) as Description;
  const bytes = await readFile(join(folder, "numbers.f32"));
  const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  let at = 0;
  const arrays = new Map(
    description.arrays.map(({ name, shape }) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      at += size;
      return [name, { shape, data: numbers.slice(at - size, at) }];
    }),
  );
  const { lanes, labels, trains } = description;
  return {
    model: modelOf(description),
    weights: new Map([...arrays].flatMap(([name, array]) => (name.startsWith("weight.") ? [[name.slice("weight.".length), array]] : []))),
    lanes,
    truth: arrays.get("truth")!.data,
    start: arrays.get("start")!.data,
    labels,
    trains,
    tv: description.tv,
    rate: description.rate,
  };
}
