import { labelRuleFor, type Outline, type RoundOutline, requireLabelRule } from "../adversary/index.ts";
import { defended, lawOf, requireFit, send } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { input } from "../graph/index.ts";
import { Key } from "../random/index.ts";
import type { Labeling } from "./reconstruct.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Builds, without computing anything, what every attack of a scenario will score, so that anything
 * that does not fit is reported before work starts.
 *
 * @throws LeakageError `spec` for a defense whose steps cannot follow one another, or that does not
 * fit the network or the batch, a law that cannot be scored there or needs something that the
 * defense does not publish, a prior that does not fit the network, or an attack that lacks
 * something it needs, or whose labels cannot be read as the scenario says.
 */
export function requireScenario({ client, defense, attacks, batchSize, ...labeling }: Scenario): void {
  const { shape, classes } = client.model;
  const sender = defended(defense, client);
  // The law of a chain whose steps cannot follow one another throws.
  lawOf(defense, sender.model);
  requireFit(defense, sender, batchSize);
  const batch = { x: input("x", [batchSize, ...shape]), y: input("y", [batchSize, classes]) };
  const { published } = send(defense, client)(batch, Key.input("key"));
  const round: RoundOutline = {
    client: sender,
    published: new Map(Object.entries(published).map(([name, tensor]) => [name, { shape: [1, ...tensor.shape] }])),
  };
  for (const attack of attacks) requireAttack(attack, { rounds: [round], lanes: 1, batchSize }, labeling);
}

/**
 * Makes the same check for one attack and what it will see.
 *
 * @throws LeakageError `spec`, as {@link requireScenario}.
 */
export function requireAttack(attack: Scenario["attacks"][number], seen: Omit<Outline, "labels">, { labels, labelRule }: Labeling): void {
  const { client } = seen.rounds[0]!;
  const { classes } = client.model;
  if (labelRule && labels !== "recovered")
    throw new LeakageError(
      "spec",
      `--label-rule ${labelRule} does not fit --labels ${labels}, which reads no labels off updates; use --labels recovered.`,
    );
  if (labels === "recovered") requireLabelRule(labelRuleFor(seen.batchSize, labelRule, attack.labelRule), client, seen.batchSize);
  attack.check?.({
    ...seen,
    ...(labels === "joint" ? {} : { labels: new Float32Array(seen.lanes * seen.batchSize * classes) }),
  });
}
