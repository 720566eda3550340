import { masksOn } from "../defenses/index.ts";
import type { Head } from "./head.ts";
import type { Round } from "./observations.ts";

/** The gradient of the head in one lane, parameter by parameter. */
export interface SentHead {
  /** [classes, columns], row-major. */
  readonly data: Float32Array;
  /** 1 for entries that say something. */
  readonly sent: Uint8Array;
}

/** What was sent of the head in one lane. */
export function sentBy({ parameters }: Head, { updates, published = new Map() }: Round, lane: number, lanes: number): readonly SentHead[] {
  const own = (data: Float32Array) => data.subarray((lane * data.length) / lanes, ((lane + 1) * data.length) / lanes);
  return parameters.map(({ name }) => {
    const data = own(updates.get(name)!.data);
    const masks = masksOn(name, published.keys()).map((mask) => own(published.get(mask)!.data));
    return {
      data,
      sent: Uint8Array.from(data, (entry, i) => Number(entry !== 0 && Number.isFinite(entry) && masks.every((mask) => mask[i]))),
    };
  });
}

/** An estimate of the mean of a(x) − y over a batch, up to a factor. */
export interface Residual {
  readonly estimate: Float64Array;
  readonly variance: Float64Array;
  /** The variance of the noise of one entry. */
  readonly noise: number;
}

/** For one image, weights and their inputs are estimated in turn this many times. */
const turns = 20;

/**
 * Estimates the mean of a(x) − y from all entries that were sent. Entry (c, i) of the head is r_c φ_i
 * plus noise, where φ_i is known up to its variance over inputs; that of a bias has none. So each
 * entry of a row is a measurement of r_c, with a weight. For one image, φ is the same in all rows. If
 * entries were not sent, φ is estimated as well: rows whose bias was sent tell it to the others.
 */
export function residualOf({ parameters, classes, predictions }: Head, sent: readonly SentHead[], batchSize: number): Residual {
  const noise = noiseIn(parameters, sent, classes, predictions);
  const phis = parameters.map(({ mean }) => mean.slice());
  const estimateWith = (variance: (p: number, i: number) => number): { estimate: Float64Array; variance: Float64Array } => {
    const estimate = new Float64Array(classes);
    const variances = new Float64Array(classes).fill(Number.POSITIVE_INFINITY);
    for (let c = 0; c < classes; c++) {
      let [along, square] = [0, 0];
      parameters.forEach(({ columns }, p) => {
        for (let i = 0; i < columns; i++) {
          if (!sent[p]!.sent[c * columns + i]) continue;
          const phi = phis[p]![i]!;
          const weight = 1 / variance(p, i);
          along += weight * phi * sent[p]!.data[c * columns + i]!;
          square += weight * phi ** 2;
        }
      });
      if (square > 0) [estimate[c], variances[c]] = [along / square, 1 / square];
    }
    return { estimate, variance: variances };
  };
  const first = estimateWith(() => 1).estimate;
  const scale = first.reduce((sum, entry) => sum + entry ** 2, 0) / classes;
  if (scale === 0) return { estimate: first, variance: new Float64Array(classes).fill(Number.POSITIVE_INFINITY), noise };
  // Without noise, a bias is a measurement with the error of float32 alone.
  const least = (p: number, i: number) =>
    noise + 1e-12 * scale * (parameters[p]!.mean[i]! ** 2 + parameters[p]!.variance[i]!) + Number.MIN_VALUE;
  let residual = estimateWith((p, i) => least(p, i) + scale * parameters[p]!.variance[i]!);
  const whole = sent.every((own) => own.sent.every((one) => one === 1));
  if (batchSize > 1 || whole) return { ...residual, noise };
  for (let turn = 0; turn < turns; turn++) {
    const before = residual.estimate;
    parameters.forEach(({ columns, mean, variance, isBias }, p) => {
      if (isBias) return;
      for (let i = 0; i < columns; i++) {
        const prior = variance[i]! + 1e-12 * mean[i]! ** 2;
        if (prior === 0) continue;
        let [along, square] = [mean[i]! / prior, 1 / prior];
        for (let c = 0; c < classes; c++) {
          if (!sent[p]!.sent[c * columns + i]) continue;
          along += (before[c]! * sent[p]!.data[c * columns + i]!) / least(p, i);
          square += before[c]! ** 2 / least(p, i);
        }
        phis[p]![i] = along / square;
      }
    });
    residual = estimateWith((p, i) => least(p, i) + scale * 1e-6 * parameters[p]!.variance[i]!);
  }
  return { ...residual, noise };
}

/**
 * The variance of the noise of one entry. Where the entries of a(x) − y add up to 0, as those of
 * softmax do, what a column of the head adds up to is noise. Columns with entries that were not
 * sent say nothing; without any whole column, the noise counts as 0.
 */
function noiseIn(parameters: Head["parameters"], sent: readonly SentHead[], classes: number, predictions: Float64Array): number {
  for (let at = 0; at < predictions.length; at += classes) {
    const sum = predictions.subarray(at, at + classes).reduce((all, entry) => all + entry, 0);
    if (Math.abs(sum - 1) > 1e-3) return 0;
  }
  let [squares, whole] = [0, 0];
  parameters.forEach(({ columns }, p) => {
    for (let i = 0; i < columns; i++) {
      let [sum, count] = [0, 0];
      for (let c = 0; c < classes; c++) {
        sum += sent[p]!.data[c * columns + i]!;
        count += sent[p]!.sent[c * columns + i]!;
      }
      if (count < classes) continue;
      squares += sum ** 2 / classes;
      whole++;
    }
  });
  return whole === 0 ? 0 : squares / whole;
}
