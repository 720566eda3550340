import { z } from "zod";
import type { LaneProgress } from "../adversary/index.ts";
import { quantile } from "../metrics/index.ts";

/** The form of what chains say of one draw. */
export const mixingSchema = z
  .strictObject({
    acceptance: z.number().describe("The mean probability with which trajectories were accepted."),
    rHat: z.number().describe("The largest split R̂ of any entry; near 1 where all chains tell the same."),
    effective: z.number().describe("The least number of independent draws that the mean of an entry is worth."),
    leastShare: z.number().describe("The least effective share of weights while the posterior was annealed, from 0 to 1."),
  })
  .describe("How well the chains of the attack explored its posterior; absent if it has none.");

type Mixing = z.output<typeof mixingSchema>;

/** The form of what the chains of a cell say of all draws. */
export const sampledSchema = z
  .strictObject({
    stated: z
      .number()
      .nullable()
      .describe("The mean of the attack's own probabilities of success, over draws for which it stated one; null if it stated none."),
    acceptance: z.number().describe("The mean probability with which trajectories were accepted."),
    rHat: z.strictObject({ median: z.number(), largest: z.number() }).describe("Of the largest split R̂ of each draw."),
    effective: z
      .strictObject({ median: z.number(), least: z.number() })
      .describe("Of the independent draws that each draw's chains are worth."),
    unmixed: z
      .int()
      .nonnegative()
      .describe("The number of draws whose chains did not mix: their R̂ is above 1.1, or their annealing jumped."),
  })
  .describe("How well chains explored the attacker's posterior; absent for attacks without one.");

/** Above this R̂, chains tell different things. */
const mostRHat = 1.1;

/** Below this share, a step of the annealing rested on few chains. */
const leastShare = 0.5;

const mixed = (one: Mixing): boolean => one.rHat <= mostRHat && one.leastShare >= leastShare;

const median = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), 0.5);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What an attack on one draw says of its posterior. */
export type Explored = { readonly success?: number | undefined; readonly mixing?: Mixing | undefined };

/** What a result keeps of a lane's posterior and battery: nothing for attacks without them. */
export const toldBy = ({ success, mixing, by }: LaneProgress): { success?: number; mixing?: Mixing; by?: string } => ({
  ...(success === undefined ? {} : { success }),
  ...(mixing === undefined ? {} : { mixing }),
  ...(by === undefined ? {} : { by }),
});

/** What the chains of a cell say of all draws; undefined for attacks without any. */
export function sampledIn(draws: readonly Explored[]): z.output<typeof sampledSchema> | undefined {
  const all = draws.flatMap(({ mixing }) => mixing ?? []);
  if (all.length === 0) return undefined;
  const stated = draws.flatMap(({ success }) => success ?? []);
  const rHats = all.map(({ rHat }) => rHat);
  const worth = all.map(({ effective }) => effective);
  return {
    stated: stated.length === 0 ? null : mean(stated),
    acceptance: mean(all.map(({ acceptance }) => acceptance)),
    rHat: { median: median(rHats), largest: Math.max(...rHats) },
    effective: { median: median(worth), least: Math.min(...worth) },
    unmixed: all.filter((one) => !mixed(one)).length,
  };
}

/**
 * What a reader must know about the chains of an attack, in a sentence; nothing where all mixed.
 *
 * @param what the attack, in words.
 */
export function mixingNotes(what: string, draws: readonly Explored[]): string[] {
  const sampled = sampledIn(draws);
  if (!sampled || sampled.unmixed === 0) return [];
  const total = draws.filter(({ mixing }) => mixing).length;
  return [
    `The chains of ${what} did not mix in ${sampled.unmixed} of ${total} draws (R̂ up to ${sampled.rHat.largest.toPrecision(3)}): there, what separate modes weigh rests on the weights of the annealing, and the probabilities that the attack states may be off. More chains and a longer warmUp help.`,
  ];
}
