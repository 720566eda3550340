import { apply, constant, input, type KeyDerivation, type Sampler, type Shape, Tensor } from "../graph/index.ts";
import { fillBernoulli, fillLaplace, fillNormal, fillUniform, fillUnitBall } from "./fill.ts";
import { type Stream, streamNumber } from "./streams.ts";
import { foldIn } from "./threefry.ts";

/**
 * A symbolic source of randomness: used for one draw, or split by {@link Key.foldIn} for more.
 * Draws are tensors like any other, with derivative 0; their numbers follow from the key alone,
 * never from the order of calls.
 */
export class Key {
  /** The two words, [..., 2] with an axis a lane. */
  readonly tensor: Tensor;

  constructor(tensor: Tensor) {
    this.tensor = tensor;
  }

  /** A key that a program is fed with. */
  static input(name: string, lanes: Shape = []): Key {
    return new Key(input(name, [...lanes, 2], "key"));
  }

  /** The key of a numbered part, equal to `jax.random.fold_in`. */
  foldIn(index: number | Tensor): Key {
    return new Key(apply("foldIn", { derivation: threefryFoldIn }, [this.tensor, index instanceof Tensor ? index : constant(index)]));
  }

  /** The key of a stream below this one; see {@link stream}. */
  stream(name: Stream): Key {
    return this.foldIn(streamNumber(name));
  }

  /** U[0, 1). */
  uniform(shape: Shape): Tensor {
    return this.draw({ name: "uniform", fill: fillUniform }, shape);
  }
  /** N(0, 1). */
  normal(shape: Shape): Tensor {
    return this.draw({ name: "normal", fill: fillNormal }, shape);
  }
  /** Laplace(0, 1). */
  laplace(shape: Shape): Tensor {
    return this.draw({ name: "laplace", fill: fillLaplace }, shape);
  }
  /** 1 with probability p, else 0. */
  bernoulli(p: number, shape: Shape): Tensor {
    return this.draw({ name: `bernoulli(${p})`, fill: fillBernoulli(p) }, shape);
  }

  /** Rows along the last axis uniform in the unit ball of its dimension. */
  unitBall(shape: Shape): Tensor {
    return this.draw({ name: "unit ball", fill: fillUnitBall(shape.at(-1)!) }, shape);
  }

  private draw(sampler: Sampler, shape: Shape): Tensor {
    return apply("draw", { sampler, shape }, [this.tensor]);
  }
}

const threefryFoldIn: KeyDerivation = { name: "threefry fold-in", derive: foldIn };
