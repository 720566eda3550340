import { type ShapedNumbers, type Tensor, vmap } from "../../graph/index.ts";
import { fillUniform, foldIn, type KeyBits, stream } from "../../random/index.ts";
import { type CompileOptions, compileNested, type Filled, inputsAt, type Nested, numbersAt } from "../../runtime/index.ts";
import { type Beat, type Chain, leapfrog, type Own, type Tempo, unevaluated } from "./leapfrog.ts";
import type { StartingLaw } from "./starting-law.ts";
import { ancestors, effectiveShare, nextHeat } from "./tempering.ts";

/** How many chains there are, and how long they run. */
export interface Sampling {
  /** The chains of a lane. */
  readonly chains: number;
  /** The trajectories of each chain before its first draw: annealing and adaptation. */
  readonly warmUp: number;
  /** The draws of each chain. Each ends a trajectory. */
  readonly draws: number;
  /** The leapfrog steps of a trajectory. Each evaluates the density once. */
  readonly leapfrogs: number;
  /**
   * Where chains start: everywhere, by N(0, I) in model space or uniformly in the box of images; or
   * around the point that the attacker's search found. Around one point, no other mode gets its
   * mass.
   */
  readonly from: "everywhere" | "found";
}

/** A posterior in many lanes. */
export interface Target<Seen extends Nested<ShapedNumbers>> {
  readonly lanes: number;
  /** The number of entries of a point. */
  readonly size: number;
  /** What the density depends on in each lane, apart from the point. */
  readonly seen: Seen;
  /** log p(g | x) + log p(x) at a point of one lane, up to a constant. */
  logDensity(seen: Filled<Seen, Tensor>): (x: Tensor) => Tensor;
  readonly law: StartingLaw;
  /** The points that the attacker's search found, [lanes, size]. */
  readonly found: Float32Array;
  /** One key per lane. */
  readonly keys: readonly KeyBits[];
}

/** What the chains of all lanes have drawn so far. */
export interface Sampled {
  /** The calls of the program so far. Each is one evaluation by every chain. */
  readonly calls: number;
  /** The draws, [lanes, chains, draws, size]; those that are not drawn yet are 0. */
  readonly points: Float32Array;
  /** The mean probability of acceptance of each lane, over its draws. */
  readonly acceptance: Float64Array;
  /** The least effective share of weights in the annealing of each lane. */
  readonly leastShare: Float64Array;
  /** The highest log density of each lane's draws, up to the constant of the target. */
  readonly highest: Float64Array;
  /** Lanes whose density was a number nowhere. */
  readonly failed: readonly boolean[];
}

/** The calls of a sampling: one that evaluates the starts, and a call per leapfrog step. */
export const callsOf = ({ warmUp, draws, leapfrogs }: Sampling): number => 1 + (warmUp + draws) * leapfrogs;

/** The part of the warm-up in which the posterior is annealed. In the rest, steps adapt to it. */
const annealing = 0.75;

/**
 * While steps adapt, every other chain takes them longer by this factor, and the rest shorter. Steps
 * then go where chains jump farther, in expectation over acceptance (Pasarica & Gelman 2010). A rate
 * of acceptance would be no guide: what is best is 0.8 for smooth densities, but 0.3 where the
 * gradient of a network with ReLU jumps from piece to piece.
 */
const trial = 1.3;

/** A lane as its chains run. */
interface Lane {
  heat: number;
  step: number;
  readonly scale: Float64Array;
  leastShare: number;
  acceptance: number;
  highest: number;
  failed: boolean;
}

/**
 * Draws from the posterior of every lane by many chains of Hamiltonian Monte Carlo. During the
 * warm-up, the target goes from the starting law to the posterior. Each time it changes, chains are
 * weighted and resampled (sequential Monte Carlo, Del Moral et al. 2006), so that separate modes get
 * chains by their mass, wherever the chains began. Steps and scales adapt during the warm-up only.
 * It yields after every call.
 */
export async function* samplePosterior<Seen extends Nested<ShapedNumbers>>(
  target: Target<Seen>,
  sampling: Sampling,
  options: CompileOptions,
): AsyncGenerator<Sampled> {
  const { lanes, size, found, keys } = target;
  const { chains, warmUp, draws, leapfrogs } = sampling;
  const program = await compileChains(target, chains, options);
  const chainKeys = Uint32Array.from(
    keys.flatMap((key) => Array.from({ length: chains }, (_, c) => stream(foldIn(stream(key, "chains"), c), "iterate")).flat()),
  );
  const even = new Float32Array(lanes * chains).fill(1);
  const paces = even.map((_, i) => trial ** ((i % chains) % 2 === 0 ? 1 : -1));
  let chain = startingChains(target, chains);
  const state = Array.from(
    { length: lanes },
    (): Lane => ({
      heat: 1,
      step: 0,
      scale: new Float64Array(size).fill(1),
      leastShare: 1,
      acceptance: 0,
      highest: Number.NEGATIVE_INFINITY,
      failed: false,
    }),
  );
  const points = new Float32Array(lanes * chains * draws * size);
  const call = async (begins: number, ends: number, trajectory: number) => {
    chain = (await program.run({
      chain,
      tempo: {
        heat: Float32Array.from(state, ({ heat }) => heat),
        step: Float32Array.from(state, ({ step }) => step),
        scale: Float32Array.from(state.flatMap(({ scale }) => [...scale])),
        found,
      },
      beat: { begins: Float32Array.of(begins), ends: Float32Array.of(ends), trajectory: Float32Array.of(trajectory) },
      own: { key: chainKeys, pace: trajectory > warmUp ? even : paces },
    })) as Chain<Float32Array>;
  };
  let calls = 0;
  const sampled = (): Sampled => ({
    calls,
    points,
    acceptance: Float64Array.from(state, ({ acceptance }) => acceptance / draws),
    leastShare: Float64Array.from(state, ({ leastShare }) => leastShare),
    highest: Float64Array.from(state, ({ highest }) => highest),
    failed: state.map(({ failed }) => failed),
  });
  try {
    // The first call stands still. It only evaluates the density where the chains start.
    await call(1, 1, 0);
    calls++;
    yield sampled();
    state.forEach((lane, l) => {
      lane.failed = chain.log.subarray(l * chains, (l + 1) * chains).every((log) => log === unevaluated);
      lane.heat = 0;
      lane.step = size ** -0.25;
    });
    for (let t = 1; t <= warmUp + draws; t++) {
      // In the last quarter of the warm-up, only steps adapt.
      if (t <= Math.max(1, annealing * warmUp))
        state.forEach((lane, l) => {
          if (lane.failed) return;
          const own = { chain, from: l * chains, chains, size };
          if (lane.heat < 1) raise(lane, own, t / Math.max(1, Math.floor(annealing * warmUp)), foldIn(stream(keys[l]!, "ancestors"), t));
          rescale(lane, own);
        });
      for (let j = 0; j < leapfrogs; j++) {
        await call(Number(j === 0), Number(j === leapfrogs - 1), t);
        calls++;
        if (j < leapfrogs - 1) yield sampled();
      }
      state.forEach((lane, l) => {
        if (t <= warmUp) {
          // The rate falls off at the end, so that the last steps are about an average.
          lane.step *= Math.exp(Math.min(1, 4 * (1 - (t - 1) / warmUp)) * preference(chain.jump.subarray(l * chains, (l + 1) * chains)));
          return;
        }
        lane.highest = Math.max(lane.highest, ...chain.log.subarray(l * chains, (l + 1) * chains));
        lane.acceptance += mean(chain.chance.subarray(l * chains, (l + 1) * chains));
        for (let c = 0; c < chains; c++)
          points.set(
            chain.state.subarray((l * chains + c) * size, (l * chains + c + 1) * size),
            ((l * chains + c) * draws + (t - warmUp - 1)) * size,
          );
      });
      yield sampled();
    }
  } finally {
    await program.dispose();
  }
}

/** Compiles one call for all lanes and chains. */
function compileChains<Seen extends Nested<ShapedNumbers>>(
  { lanes, size, seen, law, logDensity }: Target<Seen>,
  chains: number,
  options: CompileOptions,
) {
  const point = { shape: [lanes, chains, size] };
  const number = { shape: [lanes, chains] };
  const shared = { shape: [lanes, size] };
  const scalar = { shape: [] };
  const places = {
    seen,
    chain: {
      state: point,
      log: number,
      slope: point,
      start: number,
      point,
      velocity: point,
      energy: number,
      chance: number,
      jump: number,
    } satisfies Chain<unknown>,
    tempo: { heat: { shape: [lanes] }, step: { shape: [lanes] }, scale: shared, found: shared } satisfies Tempo<unknown>,
    beat: { begins: scalar, ends: scalar, trajectory: scalar } satisfies Beat<unknown>,
    own: { key: { shape: [lanes, chains, 2], dtype: "key" as const }, pace: number } satisfies Own<unknown>,
  };
  const { beat, ...lanewise } = inputsAt(places) as unknown as {
    readonly seen: never;
    readonly chain: Chain<Tensor>;
    readonly tempo: Tempo<Tensor>;
    readonly beat: Beat<Tensor>;
    readonly own: Own<Tensor>;
  };
  const next = vmap((lane: typeof lanewise) =>
    vmap(({ chain, own }: { readonly chain: Chain<Tensor>; readonly own: Own<Tensor> }) =>
      leapfrog(logDensity(lane.seen), law, chain, lane.tempo, beat, own),
    )({ chain: lane.chain, own: lane.own }),
  )(lanewise);
  return compileNested(next, { ...options, fixed: { seen: numbersAt(seen) } });
}

/** The chains before any evaluation, [lanes, chains, …]. */
function startingChains<Seen extends Nested<ShapedNumbers>>(
  { lanes, size, law, found, keys }: Target<Seen>,
  chains: number,
): Chain<Float32Array> {
  const points = () => new Float32Array(lanes * chains * size);
  const numbers = (value: number) => new Float32Array(lanes * chains).fill(value);
  const state = points();
  keys.forEach((key, l) => {
    for (let c = 0; c < chains; c++)
      law.draw(
        stream(foldIn(stream(key, "chains"), c), "start"),
        found.subarray(l * size, (l + 1) * size),
        state.subarray((l * chains + c) * size, (l * chains + c + 1) * size),
      );
  });
  return {
    state,
    log: numbers(unevaluated),
    slope: points(),
    start: numbers(0),
    point: points(),
    velocity: points(),
    energy: numbers(0),
    chance: numbers(0),
    jump: numbers(0),
  };
}

const mean = (numbers: Float32Array): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** How much farther the chains with longer steps jump than those with shorter ones: −1 to 1. */
function preference(jumps: Float32Array): number {
  const [longer, shorter] = [0, 1].map((odd) => mean(jumps.filter((_, c) => c % 2 === odd)));
  return longer! + shorter! > 0 ? (longer! - shorter!) / (longer! + shorter!) : -1;
}

/** The chains of one lane among all. */
interface Ours {
  readonly chain: Chain<Float32Array>;
  /** The first of them. */
  readonly from: number;
  readonly chains: number;
  readonly size: number;
}

/**
 * Raises β of a lane, and resamples its chains by their weights.
 *
 * @param part the part of the annealing that is over after this step.
 */
function raise(lane: Lane, { chain, from, chains, size }: Ours, part: number, key: KeyBits): void {
  const gains = Array.from({ length: chains }, (_, c) => chain.log[from + c]! - chain.start[from + c]!);
  const heat = nextHeat(lane.heat, gains, Math.min(1, part));
  const logs = gains.map((gain) => (heat - lane.heat) * gain);
  const u = new Float64Array(1);
  fillUniform(key, u);
  const parents = ancestors(logs, u[0]!);
  lane.leastShare = Math.min(lane.leastShare, effectiveShare(logs, 1));
  lane.heat = heat;
  for (const name of ["state", "slope"] as const) gatherRows(chain[name].subarray(from * size, (from + chains) * size), parents, size);
  for (const name of ["log", "start"] as const) gatherRows(chain[name].subarray(from, from + chains), parents, 1);
}

/** Adapts the scales of a lane to the standard deviations over its chains. */
function rescale(lane: Lane, { chain, from, chains, size }: Ours): void {
  for (let i = 0; i < size; i++) {
    let [sum, squares] = [0, 0];
    for (let c = 0; c < chains; c++) {
      const x = chain.state[(from + c) * size + i]!;
      sum += x;
      squares += x * x;
    }
    const deviation = Math.sqrt(Math.max(0, squares / chains - (sum / chains) ** 2));
    // Few ancestors would look like a narrow law: a scale changes by at most a factor of 2 at once.
    lane.scale[i] = Math.min(2 * lane.scale[i]!, Math.max(lane.scale[i]! / 2, deviation));
  }
}

/** Replaces each row by that of its parent. */
function gatherRows(rows: Float32Array, parents: readonly number[], size: number): void {
  const before = rows.slice();
  parents.forEach((parent, c) => {
    rows.set(before.subarray(parent * size, (parent + 1) * size), c * size);
  });
}
