import { logSumExp } from "../../distributions/index.ts";
import { filled, type Tensor, where } from "../../graph/index.ts";
import { around, type Noise } from "./noise.ts";

/** One case of an entry's value: its signal or 0, with or without noise. */
interface Case {
  readonly weight: number;
  readonly signal: boolean;
  readonly noise?: Noise;
}

/**
 * The law of one entry around its signal D(x): a mixture, or two laws between which a published
 * mask decides.
 */
export type EntryLaw =
  | { readonly kind: "mixture"; readonly cases: readonly Case[] }
  | { readonly kind: "split"; readonly mask: string; readonly kept: EntryLaw; readonly dropped: EntryLaw };

const zero: EntryLaw = { kind: "mixture", cases: [{ weight: 1, signal: false }] };

/** The law of the signal itself. */
export const untouched: EntryLaw = { kind: "mixture", cases: [{ weight: 1, signal: true }] };

const change = (law: EntryLaw, mixture: (cases: readonly Case[]) => readonly Case[]): EntryLaw =>
  law.kind === "mixture"
    ? { kind: "mixture", cases: mixture(law.cases) }
    : { ...law, kept: change(law.kept, mixture), dropped: change(law.dropped, mixture) };

/** Adds noise. `sum` joins it with noise that was added before. */
export const plus = (law: EntryLaw, noise: Noise, sum: (a: Noise, b: Noise) => Noise): EntryLaw =>
  change(law, (cases) => cases.map((one) => ({ ...one, noise: one.noise ? sum(one.noise, noise) : noise })));

/** With probability 1 − keep an entry becomes 0, and nobody is told. */
export const hide = (law: EntryLaw, keep: number): EntryLaw =>
  keep === 1
    ? law
    : change(law, (cases) => {
        const isZero = ({ signal, noise }: Case) => !signal && !noise;
        const lost = cases.filter(isZero).reduce((sum, { weight }) => sum + weight, 0);
        const rest = cases.filter((one) => !isZero(one)).map((one) => ({ ...one, weight: keep * one.weight }));
        return [...rest, { weight: 1 - keep * (1 - lost), signal: false }];
      });

/** Entries become 0 if the published mask of this name is 0 there. */
export const drop = (law: EntryLaw, mask: string): EntryLaw => ({ kind: "split", mask, kept: law, dropped: zero });

/** The noise of a law that consists of nothing but its signal and noise. */
export const onlyNoise = (law: EntryLaw): Noise | undefined =>
  law.kind === "mixture" && law.cases.length === 1 && law.cases[0]!.signal ? law.cases[0]!.noise : undefined;

/** All noises in the cases of a law. */
export const noisesOf = (law: EntryLaw): readonly Noise[] =>
  law.kind === "split" ? [...noisesOf(law.kept), ...noisesOf(law.dropped)] : law.cases.flatMap(({ noise }) => noise ?? []);

/** What entries are compared with. */
export interface EntryData {
  readonly signal: Tensor;
  /** The published mask of this name, in the shape of the entries. */
  mask(name: string): Tensor;
  readonly batchSize: number;
}

/**
 * The logarithm of each entry's density, with respect to volume plus a unit mass at 0. Every case
 * with a signal has noise. Without `constants`, the result lacks what does not depend on the
 * signal: the least of the normalizers of the cases, and the mass of an entry that is 0.
 */
export function logProbs(law: EntryLaw, entries: Tensor, data: EntryData, constants = true): Tensor {
  if (law.kind === "split")
    return where(
      data.mask(law.mask).greater(0.5),
      logProbs(law.kept, entries, data, constants),
      logProbs(law.dropped, entries, data, constants),
    );
  const smooth = law.cases.flatMap(({ weight, signal, noise }) =>
    noise ? [{ weight, law: around(noise, signal ? data.signal : filled(0, entries.shape), data.batchSize) }] : [],
  );
  // An entry that must be 0 is 0; nothing is learned from it.
  if (smooth.length === 0) return filled(0, entries.shape);
  const left = constants ? 0 : Math.min(...smooth.map(({ law }) => law.normalizer));
  const density = logSumExp(smooth.map(({ weight, law }) => law.kernels(entries).sub(law.normalizer - left - Math.log(weight))));
  const atom = law.cases.find(({ noise }) => !noise);
  return atom ? where(entries.equal(0), constants ? Math.log(atom.weight) : 0, density) : density;
}
