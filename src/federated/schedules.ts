import { z } from "zod";
import { constantRate, cosineRate, milestoneRate, milestones, type Rate } from "../optimizers/index.ts";
import { catalogue, part } from "../parts/index.ts";

/** The length of a training. */
export interface Length {
  readonly rounds: number;
  /** The rounds in which the clients together take as many examples as there are. */
  readonly roundsPerEpoch: number;
}

/** A learning rate over a training, from the rate that it begins with. */
export type Schedule = (rate: number, length: Length) => (round: number) => number;

const over =
  ({ rounds }: Length, rate: Rate) =>
  (round: number) =>
    rate(round, rounds);

const constant = part({
  kind: "constant",
  doc: "The rate stays as it is.",
  params: {},
  build: (): Schedule => (rate, length) => over(length, constantRate(rate)),
});

const cosine = part({
  kind: "cosine",
  doc: "The rate falls to 0 along a cosine.",
  params: { warmUp: z.int().nonnegative().default(0).describe("The rounds in which the rate first rises from 0.") },
  build:
    ({ warmUp }): Schedule =>
    (rate, length) =>
      over(length, cosineRate(rate, warmUp)),
});

const steps = part({
  kind: "steps",
  doc: "The rate is divided by ten three times.",
  params: {
    at: z
      .enum(["fractions", "epochs"])
      .default("fractions")
      .describe(
        "When: after 3/8, 5/8 and 7/8 of the rounds, or at the whole epochs ⌊E/2.667⌋, ⌊E/1.6⌋ and ⌊E/1.142⌋ of E, as the released code does. In a training of one epoch all of these are 0, so a rate of 0.1 is 1e-4 from the first round on.",
      ),
  },
  build:
    ({ at: when }): Schedule =>
    (rate, length) => {
      if (when === "fractions") return over(length, milestoneRate(rate));
      const epochs = Math.ceil(length.rounds / length.roundsPerEpoch);
      const at = milestones(epochs);
      return (round) => {
        const epoch = Math.floor(round / length.roundsPerEpoch);
        return rate * 0.1 ** at.filter((milestone) => epoch >= milestone).length;
      };
    },
});

/** The catalogue of schedules of the server's learning rate. */
export const schedules = catalogue<Schedule>("schedule", [constant, cosine, steps]);
