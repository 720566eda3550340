import { specHash } from "../../src/parts/index.ts";
import { madeUpAudit } from "./made-up-audit.ts";
import { madeUpImages } from "./made-up-images.ts";

/**
 * The made-up audit of its second defense, with another difference between its attackers: of the
 * second minus the first, `farther`.
 */
function auditOf(panel: string, farther: number): object {
  const whole = madeUpAudit();
  const inPanel = (example: (typeof whole)["cells"][number]["first"]) =>
    example?.files
      ? {
          ...example,
          files: { original: `${panel}/${example.files.original}`, reconstruction: `${panel}/${example.files.reconstruction}` },
        }
      : example;
  const distance = { estimate: -farther, lower: -farther - 0.5, upper: -farther + 0.5, images: 76 };
  return {
    ...whole,
    cells: whole.cells.slice(2).map((cell) => ({ ...cell, nearest: inPanel(cell.nearest), first: inPanel(cell.first) })),
    comparisons: whole.comparisons.map((one) => ({ ...one, distance })),
    data: whole.data.map(({ distances, ...draw }) => ({ ...draw, distances: distances.slice(2) })),
    gate: null,
  };
}

/**
 * A comparison that never was: on vectors the attacker that is right is nearer, on images the
 * difference is as stated.
 */
export function madeUpAssumedLaw(farther = 0.25): object {
  const spec = { version: 1, command: "reproduce", experiment: { kind: "assumed-law" }, seed: 4 };
  return {
    format: "gradleak-assumed-law-2",
    command: "reproduce",
    experiment: "assumed-law",
    spec,
    specHash: specHash(spec),
    seed: 4,
    versions: { gradleak: "0.1.0", node: "20.20.0" },
    audits: [
      { panel: "vectors", audit: auditOf("0", 1.5) },
      { panel: "images", audit: auditOf("1", farther) },
    ],
    notes: ["Each panel has one network."],
  };
}

/** The images that it names. */
export function madeUpAssumedLawImages(): ReadonlyMap<string, Uint8Array> {
  const shown = madeUpImages(4, [], 12);
  return new Map(
    ["0", "1"].flatMap((panel) =>
      ["nearest", "first"].flatMap((which) =>
        [2, 3].flatMap((cell) =>
          ["original", "reconstruction"].map((name): [string, Uint8Array] => [
            `${panel}/${which}/${cell}-${name}.png`,
            shown.get(`${name}-${cell}.png`)!,
          ]),
        ),
      ),
    ),
  );
}
