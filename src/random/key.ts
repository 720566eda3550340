import { apply, constant, input, type KeyDerivation, type Sampler, type Shape, Tensor } from "../graph/index.ts";
import { fillBernoulli, fillLaplace, fillNormal, fillUniform, fillUnitBall } from "./fill.ts";
import { type Stream, streamNumber } from "./streams.ts";
import { foldIn } from "./threefry.ts";

/**
 * A symbolic source of randomness. Use a key for one draw, or derive more keys from it with
 * {@link Key.foldIn} and {@link Key.stream}. Draws are tensors like any other, with derivative 0.
 * Their numbers depend only on the key, never on the order of calls.
 *
 * @example
 * ```ts
 * import { evaluate, Key, keyFromSeed } from "gradleak";
 *
 * const key = Key.input("key");
 * const noise = key.stream("noise").foldIn(3).normal([2, 2]);
 * const [value] = evaluate([noise], { key: keyFromSeed(1) });
 * console.log(value!.data); // four numbers
 * ```
 */
export class Key {
  /** The two words of the key, [..., 2], with leading axes for lanes. */
  readonly tensor: Tensor;

  constructor(tensor: Tensor) {
    this.tensor = tensor;
  }

  /** A key as an input of a program. */
  static input(name: string, lanes: Shape = []): Key {
    return new Key(input(name, [...lanes, 2], "key"));
  }

  /** The key of a numbered part, equal to `jax.random.fold_in`. */
  foldIn(index: number | Tensor): Key {
    return new Key(apply("foldIn", { derivation: threefryFoldIn }, [this.tensor, index instanceof Tensor ? index : constant(index)]));
  }

  /** The key of a stream below this key; see {@link stream}. */
  stream(name: Stream): Key {
    return this.foldIn(streamNumber(name));
  }

  /** Draws from U[0, 1). */
  uniform(shape: Shape): Tensor {
    return this.draw({ name: "uniform", fill: fillUniform }, shape);
  }
  /** Draws from N(0, 1). */
  normal(shape: Shape): Tensor {
    return this.draw({ name: "normal", fill: fillNormal }, shape);
  }
  /** Draws from Laplace(0, 1). */
  laplace(shape: Shape): Tensor {
    return this.draw({ name: "laplace", fill: fillLaplace }, shape);
  }
  /** Draws 1 with probability p, otherwise 0. */
  bernoulli(p: number, shape: Shape): Tensor {
    return this.draw({ name: `bernoulli(${p})`, fill: fillBernoulli(p) }, shape);
  }

  /** Draws rows along the last axis, each uniform in the unit ball of its dimension. */
  unitBall(shape: Shape): Tensor {
    return this.draw({ name: "unit ball", fill: fillUnitBall(shape.at(-1)!) }, shape);
  }

  private draw(sampler: Sampler, shape: Shape): Tensor {
    return apply("draw", { sampler, shape }, [this.tensor]);
  }
}

const threefryFoldIn: KeyDerivation = { name: "threefry fold-in", derive: foldIn };
