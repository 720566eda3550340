import { LeakageError } from "../errors.ts";
import type { TrainingState } from "../federated/index.ts";
import { type NamedArray, type NamedArrays, readSafetensors, writeSafetensors } from "../formats/index.ts";

/** A training with the curves so far. */
export interface Progress {
  readonly state: TrainingState;
  /** The loss of each finished round. */
  readonly losses: readonly number[];
  /** How many test examples were classified as labeled after some rounds. */
  readonly measured: readonly { readonly round: number; readonly correct: number }[];
}

/** The leaves of nested records, by their paths. */
type Leaves = { readonly [name: string]: Float32Array | Leaves };

function* leavesOf(records: Leaves, path: string): Generator<readonly [string, Float32Array]> {
  for (const [name, value] of Object.entries(records)) {
    const at = `${path}/${name}`;
    if (value instanceof Float32Array) yield [at, value];
    else yield* leavesOf(value, at);
  }
}

/** The same records with other leaves, by their paths. */
function filled<Records extends Leaves>(records: Records, path: string, leaf: (path: string, length: number) => Float32Array): Records {
  return Object.fromEntries(
    Object.entries(records).map(([name, value]) => {
      const at = `${path}/${name}`;
      return [name, value instanceof Float32Array ? leaf(at, value.length) : filled(value, at, leaf)];
    }),
  ) as Records;
}

const defensesOf = ({ clients }: TrainingState): Leaves =>
  Object.fromEntries(clients.map(({ defense }, i) => [i, Object.fromEntries(defense.entries())]));

/** Everything that the rest of a training follows from, as one file. */
export function writeProgress({ state, losses, measured }: Progress): Uint8Array {
  const counts: [string, readonly number[]][] = [
    ["round", [state.round]],
    ["taken", state.clients.map(({ taken }) => taken)],
    ["losses", losses],
    ["measured", measured.map(({ round }) => round)],
    ["correct", measured.map(({ correct }) => correct)],
  ];
  const arrays = new Map<string, NamedArray>();
  for (const [name, numbers] of counts) arrays.set(name, { dtype: "F64", shape: [numbers.length], data: Float64Array.from(numbers) });
  const records: Leaves = { weights: state.weights, remembered: state.remembered, defense: defensesOf(state) };
  for (const [name, data] of leavesOf(records, "")) arrays.set(name, { dtype: "F32", shape: [data.length], data });
  return writeSafetensors(arrays);
}

/**
 * A training from what {@link writeProgress} made of it.
 *
 * @param first the training before its first round, which says what there is.
 * @returns undefined for bytes that are damaged or those of another training, which is then begun
 * again.
 */
export function readProgress(bytes: Uint8Array, first: TrainingState, source: string): Progress | undefined {
  try {
    return read(readSafetensors(bytes, source), first, source);
  } catch (error) {
    if (error instanceof LeakageError) return undefined;
    throw error;
  }
}

function read(arrays: NamedArrays, first: TrainingState, source: string): Progress {
  const numbers = (name: string, length?: number): Float64Array => {
    const found = arrays.get(name);
    if (found?.dtype !== "F64" || (length !== undefined && found.data.length !== length)) throw damaged(source, name);
    return found.data;
  };
  const leaf = (name: string, length: number): Float32Array => {
    const found = arrays.get(name);
    if (found?.dtype !== "F32" || found.data.length !== length) throw damaged(source, name);
    return found.data;
  };
  const round = numbers("round", 1)[0]!;
  const taken = numbers("taken", first.clients.length);
  const losses = [...numbers("losses", round)];
  const measured = numbers("measured");
  const correct = numbers("correct", measured.length);
  const defense = filled(defensesOf(first), "/defense", leaf);
  return {
    losses,
    measured: [...measured].map((each, i) => ({ round: each, correct: correct[i]! })),
    state: {
      round,
      weights: filled(first.weights, "/weights", leaf),
      remembered: filled(first.remembered, "/remembered", leaf),
      clients: first.clients.map((client, i) => ({
        taken: taken[i]!,
        defense: client.defense.map((_, place) => (defense[i] as Leaves)[place] as Readonly<Record<string, Float32Array>>),
      })),
    },
  };
}

const damaged = (source: string, name: string): LeakageError =>
  new LeakageError("file", `${source} is not the state of this training: ${name} does not fit.`);
