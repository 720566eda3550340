import { attacks } from "../attacks/index.ts";
import type { PartSpec } from "../parts/index.ts";
import { attackName, most } from "./audit-spec.ts";
import { type Flag, flag, whole } from "./flag.ts";
import { places, placesText } from "./flag-values.ts";
import {
  client,
  defense,
  input,
  labels,
  oneAttack,
  prior,
  samples,
  sampling,
  score,
  seed,
  split,
  statistics,
  tuning,
  update,
} from "./shared-flags.ts";

/**
 * The flags of each command whose values are part of its spec, in the order in which they are
 * printed.
 */
export const flagsOf: Readonly<Record<"attack" | "audit" | "invert" | "tune", readonly Flag[]>> = {
  attack: [
    split(true),
    flag({
      name: "--images",
      takes: "<list>",
      group: "Data",
      doc: "The positions of the images in the data set, such as 0-7 or 0,3,5.",
      otherwise: "0",
      path: "data.images",
      read: (text) => places(text, "--images"),
      write: (value) => [placesText(value as readonly number[])],
    }),
    ...client,
    statistics,
    defense("defense", false),
    oneAttack("attack", "The attack, such as inverting-gradients:steps=1000,tv=1e-4 (gradleak list attacks)."),
    prior,
    labels("the attack's own"),
    ...score,
    flag({
      name: "--lanes",
      takes: "<n>",
      group: "Run",
      doc: "The number of updates that one program attacks together.",
      otherwise: "1",
      path: "lanes",
      ...whole("--lanes", 1, most.lanes),
    }),
    seed,
  ],
  audit: [
    split(true),
    ...client,
    statistics,
    defense("defenses", true, "; repeat it to audit several"),
    flag({
      name: "--attack",
      takes: "<part...>",
      group: "Attack",
      doc: "An attack; repeat it to run several on the same draws (gradleak list attacks).",
      path: "attacks",
      read: (text) => attacks.parse(text),
      write: (value) => (value as readonly PartSpec[]).map(attackName),
    }),
    prior,
    labels("known"),
    ...score,
    samples(),
    ...sampling,
    ...tuning,
    flag({
      name: "--fail-if",
      takes: "<gate>",
      group: "Score",
      doc: 'Ends with exit code 1 if this holds for a defense, such as "recovered > 0.05".',
      path: "failIf",
    }),
    seed,
  ],
  invert: [
    ...update,
    ...input,
    ...client,
    oneAttack("attack", "The attack, such as inverting-gradients:steps=1000,tv=1e-4 (gradleak list attacks)."),
    prior,
    ...score,
    seed,
  ],
  tune: [
    split(false),
    ...client,
    statistics,
    defense("defenses", true),
    prior,
    labels("known"),
    ...score,
    samples("16"),
    ...sampling,
    seed,
  ],
};
