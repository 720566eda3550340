import { type ShapedNumbers, type Tensor, vmap } from "../../graph/index.ts";
import { foldIn, type KeyBits, stream } from "../../random/index.ts";
import { type CompileOptions, compileNested, type Filled, inputsAt, type Nested, numbersAt } from "../../runtime/index.ts";
import { type Beat, type Chain, leapfrog, type Own, type Tempo, unevaluated } from "./leapfrog.ts";
import type { StartingLaw } from "./starting-law.ts";

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

/** Compiles one call for all lanes and chains. */
export function compileChains<Seen extends Nested<ShapedNumbers>>(
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

/**
 * Draws new starts for the chains whose density is 0 where they are, as outside the support of a
 * prior. Starts are then draws of the starting law inside of it.
 *
 * @param attempt the number of the draw, from 1.
 * @returns whether there was such a chain.
 */
export function redraw<Seen extends Nested<ShapedNumbers>>(
  { log, state }: Chain<Float32Array>,
  { size, law, found, keys }: Target<Seen>,
  chains: number,
  attempt: number,
): boolean {
  let any = false;
  keys.forEach((key, l) => {
    for (let c = 0; c < chains; c++) {
      const i = l * chains + c;
      if (log[i] !== unevaluated) continue;
      any = true;
      const own = stream(foldIn(stream(key, "chains"), c), "start");
      law.draw(foldIn(own, attempt), found.subarray(l * size, (l + 1) * size), state.subarray(i * size, (i + 1) * size));
    }
  });
  return any;
}

/** The chains before any evaluation, [lanes, chains, …]. */
export function startingChains<Seen extends Nested<ShapedNumbers>>(
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
