import type { Client } from "../client/index.ts";
import { LeakageError } from "../errors.ts";
import { filled, type Shape, sizeOf, type Tensor, vmap } from "../graph/index.ts";
import { type CompileOptions, compileNested, inputsAt } from "../runtime/index.ts";

/** Inputs that an attacker tries the network on, to learn how its updates depend on labels. */
export interface Probes {
  readonly count: number;
  /** [count, ...shape] in model space. */
  readonly x: Float32Array;
  /** The class of each input, if they are labeled images. */
  readonly labels?: readonly number[];
}

/** A parameter of the head, seen as a matrix [classes, columns]. */
interface HeadParameter {
  readonly name: string;
  readonly columns: number;
  /** The mean and the variance of φ over the probes, one number per column. */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** The smallest entry of φ at any probe, relative to the largest magnitude. */
  readonly lowest: number;
  /** Whether the parameter is a vector with one entry per class: φ is one constant. */
  readonly isBias: boolean;
}

/**
 * The classifier head of a network: the parameters whose gradient for one image with label y is
 * (a(x) − y) φ(x)ᵀ, with one row per class. For cross-entropy a(x) is softmax(z). φ is the input of
 * the layer for its weights, and 1 for its bias.
 */
export interface Head {
  readonly classes: number;
  readonly parameters: readonly HeadParameter[];
  /** a(x) of each probe, [count, classes]. */
  readonly predictions: Float64Array;
  readonly probes: Probes;
}

/** A parameter that may belong to the head by its shape. */
const mayBeHead = (shape: Shape, classes: number): boolean => shape[0] === classes && (shape.length === 1 || shape.length === 2);

/**
 * The parameters that may be a head by their shapes alone.
 *
 * @throws LeakageError `spec` if no matrix has one row per class.
 */
export function headCandidates({ model: { classes }, parameters }: Client): Client["parameters"] {
  const found = parameters.filter(({ shape }) => mayBeHead(shape, classes));
  if (found.some(({ shape }) => shape.length === 2)) return found;
  throw new LeakageError(
    "spec",
    `Labels cannot be read off this network's updates: none of its parameters is a matrix with a row for each of ${classes} classes. State the labels, or search them jointly with --labels joint.`,
  );
}

/** The largest number of float32 entries that one call computes for one parameter. */
const mostNumbers = 2 ** 22;

/** The part of a gradient that the form of a head may miss: the error of float32. */
const tolerance = 1e-3;

/**
 * Finds the head by what it does: it computes the gradient of single inputs with two labels each,
 * and takes the parameters that depend on the label as a head does. Names and positions of
 * parameters say nothing.
 *
 * @throws LeakageError `spec` for a network without such a layer, or a loss that is not of the form.
 */
export async function headOf(client: Client, probes: Probes, options: CompileOptions = {}): Promise<Head> {
  const { classes, shape } = client.model;
  const candidates = headCandidates(client);
  const columnsOf = new Map(candidates.map((one) => [one.name, sizeOf(one.shape) / classes]));
  const widest = classes * Math.max(...columnsOf.values());
  const lanes = Math.max(1, Math.min(probes.count, Math.floor(mostNumbers / widest)));
  const places = { x: { shape: [lanes, 1, ...shape] }, y: { shape: [lanes, 1, classes] } };
  const uniform = filled(1 / classes, [1, classes]);
  const one = ({ x, y }: { readonly x: Tensor; readonly y: Tensor }) => {
    const [labeled, unlabeled] = [client.update({ x, y }), client.update({ x, y: uniform })];
    const apart = y.sub(uniform);
    return Object.fromEntries(
      candidates.map(({ name }) => {
        const columns = columnsOf.get(name)!;
        const own = unlabeled.entries(name).reshape([classes, columns]);
        const difference = own.sub(labeled.entries(name).reshape([classes, columns]));
        const phi = apart.matmul(difference).div(apart.square().sum());
        const square = phi.square().sum();
        const prediction = own.matmul(phi, false, true).div(square).reshape([1, classes]).add(uniform);
        const rest = own.sub(prediction.sub(uniform).matmul(phi, true)).square().sum();
        const unexplained = difference.sub(apart.matmul(phi, true)).square().sum();
        const missed = rest.add(unexplained).div(own.square().sum().add(difference.square().sum()));
        return [name, { phi: phi.reshape([columns]), prediction: prediction.reshape([classes]), missed }];
      }),
    );
  };
  const program = await compileNested(vmap(one)(inputsAt(places)), options);
  const found = new Map(
    candidates.map(({ name }) => [
      name,
      {
        phi: new Float64Array(probes.count * columnsOf.get(name)!),
        prediction: new Float64Array(probes.count * classes),
        missed: new Float64Array(probes.count),
      },
    ]),
  );
  try {
    const size = sizeOf(shape);
    for (let from = 0; from < probes.count; from += lanes) {
      // The last part reaches back, so that all parts have one size.
      const first = Math.min(from, probes.count - lanes);
      const y = new Float32Array(lanes * classes);
      for (let i = 0; i < lanes; i++) y[i * classes + ((first + i) % classes)] = 1;
      const made = await program.run({ x: probes.x.subarray(first * size, (first + lanes) * size), y });
      for (const [name, { phi, prediction, missed }] of found) {
        phi.set(made[name]!.phi, first * columnsOf.get(name)!);
        prediction.set(made[name]!.prediction, first * classes);
        missed.set(made[name]!.missed, first);
      }
    }
  } finally {
    await program.dispose();
  }
  // Where φ is 0 nothing is known: such an input leaves no trace in the parameter.
  const fits = ({ missed }: { readonly missed: Float64Array }) => {
    const known = missed.filter((part) => !Number.isNaN(part));
    return known.length > 0 && known.every((part) => part < tolerance ** 2);
  };
  const own = candidates.filter(({ name }) => fits(found.get(name)!));
  if (!own.some(({ shape }) => shape.length === 2))
    throw new LeakageError(
      "spec",
      `Labels cannot be read off this network's updates: none of its matrices with ${classes} rows is a dense layer whose outputs are the logits, so no gradient of a layer is (prediction − label) times its input. State the labels, or search them jointly with --labels joint.`,
    );
  // A bias is exact; weights know a prediction up to rounding where an input reaches them.
  const best = own.find(({ shape }) => shape.length === 1) ?? own[0]!;
  return {
    classes,
    probes,
    predictions: found.get(best.name)!.prediction.map((entry) => (Number.isNaN(entry) ? 1 / classes : entry)),
    parameters: own.map(({ name, shape }) =>
      parameterOf(name, found.get(name)!.phi, { count: probes.count, columns: columnsOf.get(name)!, isBias: shape.length === 1 }),
    ),
  };
}

function parameterOf(
  name: string,
  phi: Float64Array,
  { count, columns, isBias }: { readonly count: number; readonly columns: number; readonly isBias: boolean },
): HeadParameter {
  const mean = new Float64Array(columns);
  const variance = new Float64Array(columns);
  let [lowest, largest] = [0, 0];
  phi.forEach((entry, i) => {
    mean[i % columns]! += entry / count;
    lowest = Math.min(lowest, entry);
    largest = Math.max(largest, Math.abs(entry));
  });
  phi.forEach((entry, i) => {
    variance[i % columns]! += (entry - mean[i % columns]!) ** 2 / count;
  });
  return { name, columns, mean, variance: isBias ? variance.fill(0) : variance, lowest: largest === 0 ? 0 : lowest / largest, isBias };
}
