import { foldIn, type KeyBits, stream } from "../random/index.ts";
import { chosenClients } from "./batches.ts";
import { closeRound, localStep } from "./fed-avg-round.ts";
import { fedSgdRounds } from "./fed-sgd-round.ts";
import type { ClientState, Federation, TrainingState } from "./federation.ts";
import type { Named, Remembered } from "./server.ts";
import { batchOf, nextOf } from "./taken.ts";

/** The outcome of a round, or of some. */
export interface Outcome {
  readonly state: TrainingState;
  /**
   * The mean loss of the clients over the batches that they took, before each step. One for each
   * round.
   */
  readonly losses: readonly number[];
}

/** A federated training that is ready to take rounds. */
export interface Training {
  /**
   * Takes one round from any state. The state is not changed, and the same state gives the same
   * outcome.
   */
  round(state: TrainingState): Promise<Outcome>;
  /**
   * Takes some rounds at once, which is faster where a network is large. It takes one if the rounds
   * that go together would not begin here, or would go beyond round `last`. So a training has the
   * same programs wherever it goes on.
   */
  rounds(state: TrainingState, last: number): Promise<Outcome>;
  /** Frees the programs of the training. */
  dispose(): Promise<void>;
}

/** The clients of a round, with their keys. */
interface Taking {
  readonly clients: readonly number[];
  readonly keys: readonly KeyBits[];
}

function takingPart({ partition, taking, root }: Federation, round: number): Taking {
  const clients = chosenClients(partition.length, taking, foldIn(stream(root, "chosen"), round));
  const key = foldIn(stream(root, "sent"), round);
  return { clients, keys: clients.map((client) => foldIn(key, client)) };
}

/** In how many of the first rounds each client takes part. */
export function roundsTaken(federation: Federation, rounds: number): readonly number[] {
  const { partition, taking } = federation;
  const taken = partition.map(() => (taking === partition.length ? rounds : 0));
  if (taking === partition.length) return taken;
  for (let round = 0; round < rounds; round++) for (const client of takingPart(federation, round).clients) taken[client]!++;
  return taken;
}

const words = (keys: readonly KeyBits[]): Uint32Array => Uint32Array.from(keys.flat());

/** What the defenses of some clients remember, joined lane by lane. */
function joined(clients: readonly ClientState[]): Remembered<Float32Array> {
  return Object.fromEntries(
    clients[0]!.defense.map((first, place) => [
      place,
      Object.fromEntries(
        Object.keys(first).map((name) => {
          const all = clients.map(({ defense }) => defense[place]![name]!);
          const out = new Float32Array(all.length * all[0]!.length);
          for (const [lane, own] of all.entries()) out.set(own, lane * own.length);
          return [name, out];
        }),
      ),
    ]),
  );
}

/**
 * The clients after some rounds, and after how many examples each. The defenses of those in
 * `clients` go on.
 */
function clientsAfter(
  before: readonly ClientState[],
  { clients }: Taking,
  taken: readonly number[],
  defense: Remembered<Float32Array>,
): readonly ClientState[] {
  const lanes = clients.length;
  return before.map((client, i) => {
    const lane = clients.indexOf(i);
    if (lane < 0) return { ...client, taken: taken[i]! };
    return {
      taken: taken[i]!,
      defense: client.defense.map((kept, place) =>
        Object.fromEntries(
          Object.keys(kept).map((name) => {
            const all = defense[place]![name]!;
            return [name, all.slice((lane * all.length) / lanes, ((lane + 1) * all.length) / lanes)];
          }),
        ),
      ),
    };
  });
}

/** The parameters and the running statistics of a state, apart. */
function partsOf({ model }: Federation, weights: Named<Float32Array>) {
  const statistics = new Set(model.statistics.map(({ name }) => name));
  const entries = Object.entries(weights);
  return {
    theta: Object.fromEntries(entries.filter(([name]) => !statistics.has(name))),
    running: Object.fromEntries(entries.filter(([name]) => statistics.has(name))),
  };
}

/**
 * Compiles a federated training. Where it computes follows from the machine; what it computes
 * follows from the federation and the state alone.
 *
 * @throws LeakageError `spec` for a defense or a batch that does not fit.
 */
export const openTraining = (federation: Federation): Promise<Training> =>
  federation.protocol.kind === "fed-sgd" ? openFedSgd(federation) : openFedAvg(federation, federation.protocol);

/**
 * The rounds that go together, if no defense acts in them. Weights leave a program once, so more
 * rounds are faster; but a program of many rounds of a deep network takes long to compile.
 */
const togetherIn = ({ model: { parameters } }: Federation): number => (parameters.length <= 12 ? 16 : 8);

async function openFedSgd(federation: Federation): Promise<Training> {
  const next = nextOf(federation);
  const { batch, taking, defense } = federation;
  const together = togetherIn(federation);
  const programs = new Map<number, ReturnType<typeof fedSgdRounds>>();
  const programOf = (count: number) => {
    const program = programs.get(count) ?? fedSgdRounds(federation, taking, count);
    programs.set(count, program);
    return program;
  };
  const take = async (state: TrainingState, count: number): Promise<Outcome> => {
    const program = await programOf(count);
    const rounds = Array.from({ length: count }, (_, i) => state.round + i);
    const takings = rounds.map((round) => takingPart(federation, round));
    const taken = state.clients.map((client) => client.taken);
    const batches = takings.map(({ clients, keys }) => {
      const own = next(
        clients,
        clients.map((client) => taken[client]!),
        keys.map((key) => stream(key, "images")),
      );
      for (const client of clients) taken[client]! += batch;
      return own;
    });
    const { theta, running, remembered, loss, ...ended } = await program.run({
      ...partsOf(federation, state.weights),
      remembered: state.remembered,
      ...batchOf(batches, federation),
      key: words(takings.flatMap(({ keys }) => keys)),
      rate: Float64Array.from(rounds, federation.rate),
      defense: joined(takings[0]!.clients.map((client) => state.clients[client]!)),
    });
    return {
      losses: Array.from(loss),
      state: {
        round: state.round + count,
        weights: { ...state.weights, ...theta, ...running },
        remembered,
        clients: clientsAfter(state.clients, takings[0]!, taken, ended.defense),
      },
    };
  };
  // The program of one round tells now what does not fit.
  await programOf(1);
  return {
    round: (state) => take(state, 1),
    rounds: (state, last) => {
      const fits = defense.steps.length === 0 && state.round % together === 0 && state.round + together <= last;
      return take(state, fits ? together : 1);
    },
    dispose: async () => {
      for (const program of programs.values()) await (await program).dispose();
    },
  };
}

/** The same numbers in every lane. */
const repeated = (weights: Named<Float32Array>, lanes: number): Named<Float32Array> =>
  Object.fromEntries(
    Object.entries(weights).map(([name, data]) => {
      const out = new Float32Array(lanes * data.length);
      for (let lane = 0; lane < lanes; lane++) out.set(data, lane * data.length);
      return [name, out];
    }),
  );

async function openFedAvg(federation: Federation, { passes, rate }: { readonly passes: number; readonly rate: number }): Promise<Training> {
  const { taking: lanes, partition, batch } = federation;
  const next = nextOf(federation);
  const local = await localStep(federation, lanes);
  const closing = await closeRound(federation, lanes);
  const stepsOf = (client: number) => passes * Math.ceil(partition[client]!.length / batch);
  const round = async (state: TrainingState): Promise<Outcome> => {
    const taking = takingPart(federation, state.round);
    const own = taking.clients.map((client) => state.clients[client]!);
    const steps = taking.clients.map(stepsOf);
    const server = partsOf(federation, state.weights);
    let at: { theta: Named<Float32Array>; running: Named<Float32Array> } = {
      theta: repeated(server.theta, lanes),
      running: repeated(server.running, lanes),
    };
    let losses = 0;
    for (let step = 0; step < Math.max(...steps); step++) {
      const examples = next(
        taking.clients,
        own.map(({ taken }) => taken + step * batch),
        taking.keys.map((key) => foldIn(stream(key, "images"), step)),
      );
      const { loss, ...moved } = await local.run({
        ...at,
        ...batchOf([examples], federation),
        key: words(taking.keys.map((key) => foldIn(stream(key, "forward"), step))),
        active: Float32Array.from(steps, (count) => Number(step < count)),
        rate: Float64Array.of(rate),
      });
      at = moved;
      for (const own of loss) losses += own;
    }
    const sizes = taking.clients.map((client) => partition[client]!.length);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    const closed = await closing.run({
      ...server,
      after: at,
      remembered: state.remembered,
      share: Float32Array.from(sizes, (size) => size / all),
      rate: Float64Array.of(federation.rate(state.round)),
      key: words(taking.keys),
      defense: joined(own),
    });
    return {
      losses: [losses / steps.reduce((sum, count) => sum + count, 0)],
      state: {
        round: state.round + 1,
        weights: { ...state.weights, ...closed.theta, ...closed.running },
        remembered: closed.remembered,
        clients: clientsAfter(
          state.clients,
          taking,
          state.clients.map(({ taken }, client) => taken + (taking.clients.includes(client) ? stepsOf(client) * batch : 0)),
          closed.defense,
        ),
      },
    };
  };
  return {
    round,
    rounds: round,
    dispose: async () => {
      await local.dispose();
      await closing.dispose();
    },
  };
}
