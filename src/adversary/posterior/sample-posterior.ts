import type { ShapedNumbers } from "../../graph/index.ts";
import { foldIn, stream } from "../../random/index.ts";
import type { CompileOptions, Nested } from "../../runtime/index.ts";
import { type Lane, mean, preference, raise, rescale } from "./adapt.ts";
import { type Chain, unevaluated } from "./leapfrog.ts";
import { compileChains, redraw, startingChains, type Target } from "./target.ts";

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

/** The draws that a chain has to find a start where the density is not 0. */
const attempts = 100;

/** The part of the warm-up in which the posterior is annealed. In the rest, steps adapt to it. */
const annealing = 0.75;

/**
 * While steps adapt, every other chain takes them longer by this factor, and the rest shorter. Steps
 * then go where chains jump farther, in expectation over acceptance (Pasarica & Gelman 2010). A rate
 * of acceptance would be no guide: what is best is 0.8 for smooth densities, but 0.3 where the
 * gradient of a network with ReLU jumps from piece to piece.
 */
const trial = 1.3;

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
    // A prior may be 0 nearly everywhere, as in a narrow cone. Then chains try other starts.
    for (let attempt = 1; attempt <= attempts && redraw(chain, target, chains, attempt); attempt++) await call(1, 1, 0);
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
