import { concat, constant, type Tensor } from "../../graph/index.ts";

/** The center of a ball, and what the draws say about it. */
export type Center<Leaf> = {
  /** [d]. */
  readonly center: Leaf;
  /** The attacker's own probability that the truth lies in the ball. */
  readonly success: Leaf;
  /** The largest R̂ of any entry, over halves of chains. */
  readonly rHat: Leaf;
  /** The least number of independent draws that the mean of an entry is worth. */
  readonly effective: Leaf;
};

/** The parts of the chains that judge in turn what the other parts choose. */
const judges = 4;

/** The steps of mean shift from each start. */
const shifts = 6;

/**
 * The center of a ball that holds most draws of one lane: the maximizer of equation 2 among the
 * mean of all draws, the mean and the last draw of every chain, the point that the attacker's
 * search found, and what the mean of the draws within the ball moves each of them to, again and
 * again (mean shift, Fukunaga & Hostetler 1975).
 *
 * The probability of success is counted on chains that took no part in a choice: each quarter of the
 * chains judges the center that the other three quarters choose, and their shares are averaged.
 *
 * @param draws [chains, draws, d].
 * @param found [d].
 * @param halfAxes the half axes of the ball, [d].
 */
export function bestCenter(draws: Tensor, found: Tensor, halfAxes: Tensor): Center<Tensor> {
  const chains = draws.shape[0]!;
  const middle = draws.mean([0, 1]);
  // In these units the ball has radius 1, and the mean of the draws is 0.
  const units = draws.sub(middle).div(halfAxes);
  const guess = found.sub(middle).div(halfAxes);
  const shares = Array.from({ length: judges }, (_, j) => {
    const [from, to] = [Math.floor((j * chains) / judges), Math.floor(((j + 1) * chains) / judges)];
    const parts = [units.range(0, 0, from), units.range(0, to, chains)];
    const others = concat(parts.filter(({ size }) => size > 0));
    const own = units.range(0, from, to);
    return within(flat(own), fullest(others, guess).reshape([1, -1])).mean();
  });
  return {
    center: fullest(units, guess).mul(halfAxes).add(middle),
    success: shares.reduce((sum, share) => sum.add(share)).div(judges),
    ...mixing(units),
  };
}

const flat = (draws: Tensor): Tensor => draws.reshape([draws.shape[0]! * draws.shape[1]!, draws.shape[2]!]);

/** Of all candidates the center whose unit ball holds most draws [chains, draws, d]: [d]. */
function fullest(draws: Tensor, guess: Tensor): Tensor {
  const [chains, each, d] = draws.shape as [number, number, number];
  const points = flat(draws);
  let at = concat([points.mean(0, true), draws.mean(1), draws.range(1, each - 1, each).reshape([chains, d]), guess.reshape([1, d])]);
  const candidates: Tensor[] = [];
  const counts: Tensor[] = [];
  for (let i = 0; i <= shifts; i++) {
    const inside = within(points, at);
    const count = inside.sum(0);
    candidates.push(at);
    counts.push(count);
    const alone = constant(1).sub(count.minimum(1)).reshape([-1, 1]);
    at = inside
      .matmul(points, true)
      .add(at.mul(alone))
      .div(count.maximum(1).reshape([-1, 1]));
  }
  const all = concat(counts);
  return all.reshape([1, -1]).argmax().oneHot(all.size).matmul(concat(candidates)).reshape([d]);
}

/** 1 where a point [n, d] lies in the unit ball around a center [m, d], else 0: [n, m]. */
const within = (points: Tensor, centers: Tensor): Tensor => {
  const [a, b] = [points.square().sum(1).reshape([-1, 1]), centers.square().sum(1)];
  return a
    .add(b)
    .sub(points.matmul(centers, false, true).mul(2))
    .lessEqual(1)
    .toFloat();
};

/**
 * Split R̂ (Gelman et al. 2013): the spread over halves of chains beside the spread within them; and
 * the number of independent draws with the same error of the mean, from the spread of the chains'
 * means. Both are of the worst entry.
 */
function mixing(units: Tensor): Pick<Center<Tensor>, "rHat" | "effective"> {
  const [chains, each] = units.shape as [number, number];
  const half = Math.floor(each / 2);
  const halves = concat([units.range(1, 0, half), units.range(1, half, 2 * half)]);
  const spread = variance(halves, 1).mean(0);
  const between = variance(halves.mean(1), 0);
  const all = spread.mul((half - 1) / half).add(between);
  const least = 1e-30;
  const ratio = all.div(spread.maximum(least)).sqrt();
  const independent = all.div(variance(units.mean(1), 0).maximum(least)).mul(chains);
  return {
    rHat: ratio.max(),
    effective: independent
      .neg()
      .max()
      .neg()
      .minimum(chains * each),
  };
}

/** The sample variance along an axis. */
const variance = (x: Tensor, axis: number): Tensor => {
  const n = x.shape[axis]!;
  return x
    .sub(x.mean(axis, true))
    .square()
    .sum(axis)
    .mul(1 / (n - 1));
};
