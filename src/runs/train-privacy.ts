import { requireDpDelta } from "../accounting/index.ts";
import { dpDeltaNotes, type PrivacyStated, privacyStated, requirePrivate } from "../audit/index.ts";
import { type Defense, privacyOf } from "../defenses/index.ts";
import { type Federation, roundsTaken } from "../federated/index.ts";
import { defenseName } from "./audit-spec.ts";
import type { TrainSpec } from "./train-spec.ts";

/** The δ of a training that states none: 1e-5, or a tenth of 1/n if that is less. */
const dpDeltaFor = ({ dpDelta }: Pick<TrainSpec, "dpDelta">, { partition }: Pick<Federation, "partition">): number =>
  dpDelta ?? Math.min(1e-5, 1 / (10 * largestIn(partition)));

/** The number of examples of the largest client. */
const largestIn = (partition: Federation["partition"]): number => partition.reduce((most, { length }) => Math.max(most, length), 1);

/**
 * What a reader must know of the privacy of a training, before it runs.
 *
 * @throws LeakageError `spec` for a δ that is no probability, or one that is asked of a defense that
 * gives no privacy.
 */
export function privacyNotes(
  spec: Pick<TrainSpec, "dpDelta" | "defense">,
  defense: Defense,
  partition: Federation["partition"],
): readonly string[] {
  const stated = privacyOf(defense);
  if (spec.dpDelta !== undefined) {
    requireDpDelta(spec.dpDelta);
    requirePrivate([{ defense: { name: defenseName(spec.defense), ...defense } }], "--dp-delta");
  }
  if ("reason" in stated) return stated.noisy ? [`No ε is reported behind ${defenseName(spec.defense)}: ${stated.reason}.`] : [];
  return dpDeltaNotes(dpDeltaFor(spec, { partition }), largestIn(partition));
}

/**
 * The example-level differential privacy of a training against a server that sees every update: an
 * example is in updates of its own client alone. The sampling rate is that of the smallest client,
 * and the steps are the rounds of the client that took part most often. Undefined if the defense
 * gives no privacy.
 *
 * @param rounds the number of finished rounds.
 */
export function trainedPrivacy(spec: Pick<TrainSpec, "dpDelta">, federation: Federation, rounds: number): PrivacyStated | undefined {
  const { defense, partition, batch } = federation;
  const stated = privacyOf(defense);
  if ("reason" in stated) return undefined;
  const fewest = partition.reduce((least, { length }) => Math.min(least, length), Infinity);
  // A client with fewer examples than a batch takes some of them several times.
  const times = Math.ceil(batch / fewest);
  const taken = roundsTaken(federation, rounds);
  const unequal = taken.some((count) => count !== taken[0]) || partition.some(({ length }) => length !== fewest);
  return privacyStated(
    { ...stated, multiplier: stated.multiplier / times, sensitivity: stated.sensitivity * times },
    { rate: Math.min(1, batch / fewest), steps: Math.max(...taken) },
    dpDeltaFor(spec, federation),
    [
      "Poisson sampling is assumed: each example joins each update by itself, with the sampling rate. This training passes over shuffled examples in batches of a fixed size instead, for which no accountant here proves this ε.",
      ...(unequal
        ? [
            "The sampling rate is that of the client with the fewest examples, and the steps are the rounds of the client that took part most often.",
          ]
        : []),
      ...(times > 1
        ? [
            `The smallest client has ${fewest} examples, fewer than a batch of ${batch}, so one example is in a batch up to ${times} times: the sensitivity is ${times} times the clip.`,
          ]
        : []),
      "It covers the updates and what the server makes of them. The losses and the accuracy in this result are not covered, and neither are settings that were chosen by looking at them.",
    ],
  );
}
