import type { Dataset } from "../data/index.ts";
import { type DeltaSpace, distance, imageShape } from "../metrics/index.ts";
import { canonicalJson } from "../parts/index.ts";

/** The answer of somebody who knows p(x) and saw no update. */
export interface Guess {
  readonly name: string;
  /** The answer for an example, in pixel space. It may use the class if labels are given. */
  of(label: number): Float32Array;
}

/** The knowledge that guesses are made from. */
export interface Guessing {
  /** The public examples, which are those of the other split. */
  readonly examples: Dataset<readonly number[]>;
  /** Whether the attacker receives the labels. */
  readonly knowsLabels: boolean;
  readonly measured: DeltaSpace;
  readonly delta: number;
  /** The number of public examples that are used. */
  readonly count?: number;
}

/** The largest number of public examples that are used: the first ones of the other split. */
export const mostPublic = 500;

/** The guesses of audits of one data set, which are many where attacks are tuned or a training is audited. */
const made = new WeakMap<Dataset<readonly number[]>, Map<string, readonly Guess[]>>();

/**
 * The guesses that public examples allow. They are the mean, which is best by squared error; the
 * mean of the example's class, if labels are given; and the answer that recovers most public
 * examples. The candidates for the last are the first fifth of the examples and those means. It is
 * the candidate with the most examples within δ, or the mean if no other candidate has more. It is
 * the Bayes optimal adversary without a gradient, with the public examples in place of p(x).
 */
export function guessesFrom(guessing: Guessing): readonly Guess[] {
  const { examples, ...rest } = guessing;
  const known = made.get(examples) ?? new Map<string, readonly Guess[]>();
  made.set(examples, known);
  const name = canonicalJson(rest);
  const guesses = known.get(name) ?? guessed(guessing);
  known.set(name, guesses);
  return guesses;
}

function guessed({ examples, knowsLabels, measured, delta, count = mostPublic }: Guessing): readonly Guess[] {
  const used = Array.from({ length: Math.min(count, examples.size) }, (_, i) => examples.example(i));
  const whole = mean(used.map(({ image }) => image));
  const classes = examples.classes.map((_, label) => {
    const own = used.filter((example) => example.label === label);
    return own.length ? mean(own.map(({ image }) => image)) : whole;
  });
  const near = (guess: Float32Array) =>
    used.filter(({ image }) => distance(image, guess, imageShape(examples.shape), measured) <= delta).length;
  const noun = nounOf(examples);
  let [best, most] = [whole, near(whole)];
  for (const candidate of [...classes, ...used.slice(0, Math.ceil(used.length / 5)).map(({ image }) => image)]) {
    // A public example is near itself, which says nothing about others.
    const reached = near(candidate) - (classes.includes(candidate) ? 0 : 1);
    if (reached > most) [best, most] = [candidate, reached];
  }
  return [
    { name: `mean${noun}`, of: () => whole },
    ...(knowsLabels ? [{ name: "classMean", of: (label: number) => classes[label]! }] : []),
    { name: `likeliest${noun}`, of: () => best },
  ];
}

const nounOf = ({ shape }: Dataset<readonly number[]>): "Image" | "Vector" => (shape.length === 3 ? "Image" : "Vector");

/** The guess about examples of which only the range of pixels, 0 to 1, is known. */
export const gray = (entries: number): Guess => {
  const half = new Float32Array(entries).fill(0.5);
  return { name: "gray", of: () => half };
};

function mean(images: readonly Float32Array[]): Float32Array {
  const sum = new Float64Array(images[0]!.length);
  for (const image of images)
    image.forEach((pixel, i) => {
      sum[i]! += pixel;
    });
  return Float32Array.from(sum, (total) => total / images.length);
}

/**
 * The mean of the first public examples, which is the best guess by squared error without an
 * update.
 */
export function meanGuess(examples: Dataset<readonly number[]>, count = mostPublic): Guess {
  const used = Array.from({ length: Math.min(count, examples.size) }, (_, i) => examples.example(i).image);
  const whole = mean(used);
  return { name: `mean${nounOf(examples)}`, of: () => whole };
}
