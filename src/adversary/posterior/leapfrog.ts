import { constant, grad, type Tensor, where } from "../../graph/index.ts";
import { Key } from "../../random/index.ts";
import { reflect, type StartingLaw } from "./starting-law.ts";

/** What a chain carries from call to call. Points and velocities are [d], the others scalars. */
export type Chain<Leaf> = {
  /** The state of the chain, where its trajectory began. */
  readonly state: Leaf;
  /** log p(g | x) + log p(x) at the state, up to a constant, and its slope. */
  readonly log: Leaf;
  readonly slope: Leaf;
  /** The logarithm of the starting law at the state. */
  readonly start: Leaf;
  /** The end of the trajectory so far, and its velocity in units of the scale. */
  readonly point: Leaf;
  readonly velocity: Leaf;
  /** The energy with which the trajectory began. */
  readonly energy: Leaf;
  /** The probability with which the last trajectory was accepted. */
  readonly chance: Leaf;
  /** The expected square of its jump: that probability times the square, in units of the scale. */
  readonly jump: Leaf;
};

/** What the chains of a lane share in a call. */
export type Tempo<Leaf> = {
  /** The exponent β of the posterior; that of the starting law is 1 − β. */
  readonly heat: Leaf;
  /** The length of a step, in units of the scale. */
  readonly step: Leaf;
  /** The scale of each entry, [d]. */
  readonly scale: Leaf;
  /** The point that the attacker's search found, [d]. */
  readonly found: Leaf;
};

/** Where a call is in the trajectories, which all chains begin and end together. */
export type Beat<Leaf> = {
  /** 1 if the call begins a trajectory. */
  readonly begins: Leaf;
  /** 1 if the call ends a trajectory. */
  readonly ends: Leaf;
  /** The number of the trajectory. */
  readonly trajectory: Leaf;
};

/** What a chain has for itself. */
export type Own<Leaf> = {
  readonly key: Leaf;
  /** A factor of its steps. */
  readonly pace: Leaf;
};

/**
 * The log density of a chain that was not evaluated yet, or whose density is 0: below all others, and
 * finite. It is a float32, as the numbers of chains are.
 */
export const unevaluated = Math.fround(-1e30);

/**
 * One leapfrog step of Hamiltonian dynamics for one chain, which evaluates the density and its
 * slope once. A call that begins a trajectory draws a velocity. A call that ends it accepts the
 * point or returns to the state (Metropolis), so that the law
 * p(g | x)^β p(x)^β q(x)^(1−β) is kept exactly. Inputs with bounds bounce off the walls.
 *
 * @param logDensity log p(g | x) + log p(x) at x [d], up to a constant.
 */
export function leapfrog(
  logDensity: (x: Tensor) => Tensor,
  { logProb, bounds }: StartingLaw,
  chain: Chain<Tensor>,
  { heat, step, scale, found }: Tempo<Tensor>,
  { begins, ends, trajectory }: Beat<Tensor>,
  { key: seed, pace }: Own<Tensor>,
): Chain<Tensor> {
  const key = new Key(seed).foldIn(trajectory);
  const d = chain.state.shape;
  const [first, last] = [begins.greater(0), ends.greater(0)];
  const heated = (log: Tensor, start: Tensor) => log.mul(heat).add(start.mul(constant(1).sub(heat)));
  const startSlope = (x: Tensor, log: Tensor) => grad(log, [x])[0]!;
  // Strides of one length could follow a circle for ever.
  const stride = step.mul(pace).mul(key.stream("stride").uniform([]).mul(0.4).add(0.8));
  const drawn = key.stream("momentum").normal(d);
  const kick = (slope: Tensor) => slope.mul(scale).mul(stride);
  const before = logProb(chain.state, found);
  const force = heated(chain.slope, startSlope(chain.state, before));
  const velocity = where(first, drawn.add(kick(force).mul(0.5)), chain.velocity);
  const energy = where(first, drawn.square().sum().mul(0.5).sub(heated(chain.log, before)), chain.energy);
  const moved = reflect(where(first, chain.state, chain.point).add(velocity.mul(scale).mul(stride)), velocity, bounds);
  const x = moved.x;
  const log = logDensity(x);
  const [slope] = grad(log, [x]);
  const start = logProb(x, found);
  const pushed = moved.velocity.add(kick(heated(slope!, startSlope(x, start))).mul(where(last, 0.5, 1)));
  const rise = pushed.square().sum().mul(0.5).sub(heated(log, start)).sub(energy);
  const allowed = moved.inside ? rise.isFinite().and(moved.inside) : rise.isFinite();
  const chance = where(allowed, where(allowed, rise, 0).neg().minimum(0).exp(), 0);
  const accepts = last.and(key.stream("accept").uniform([]).less(chance));
  const take = (next: Tensor, now: Tensor) => where(accepts, next, now);
  return {
    state: take(x, chain.state),
    log: take(log, chain.log),
    slope: take(slope!, chain.slope),
    start: take(start, before),
    point: x,
    velocity: pushed,
    energy,
    chance: where(last, chance, chain.chance),
    jump: where(last, x.sub(chain.state).div(scale).square().sum().mul(chance), chain.jump),
  };
}
