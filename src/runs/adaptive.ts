import { adapted, attacks } from "../attacks/index.ts";
import { adaptiveTo, type Defense, type DefenseLaw, defenses, lawOf } from "../defenses/index.ts";
import type { PartSpec } from "../parts/index.ts";
import { attackName, type CellSpec, defenseName, same } from "./audit-spec.ts";

/** What of a spec decides about adaptive attacks. */
interface Asks {
  readonly adaptive?: boolean | undefined;
  readonly prior?: unknown;
}

/** Cells with the adaptive attack on each defense, and what became of it. */
export interface AdaptiveCells {
  readonly cells: readonly CellSpec[];
  /** Of each defense and attack without an adaptive attack of its own, the reason, in a sentence. */
  readonly notes: readonly string[];
}

/**
 * Puts beside each attack the adaptive attack on its defense, unless the spec says no. Where both
 * are the same, they are one cell. Adaptive attacks of tuned ones are made of the tuned parameters.
 *
 * @param lawBehind the law of a defense, with the network of the client.
 */
export function withAdaptive(
  { adaptive = true, prior }: Asks,
  cells: readonly CellSpec[],
  lawBehind: (defense: Defense) => DefenseLaw,
): AdaptiveCells {
  const notes = new Set<string>();
  if (!adaptive) return { cells, notes: [] };
  const all = cells.flatMap((cell): CellSpec[] => {
    const defense = defenses.build(cell.defense);
    if (defense.steps.length === 0) return [cell];
    const own = adaptiveTo(defense, lawBehind(defense));
    const beside = (naive: PartSpec) => adapted(naive, own, prior !== undefined);
    const [asked, attack] = [beside(cell.asked), beside(cell.attack)];
    if ("reason" in asked || "reason" in attack) {
      notes.add(
        `No adaptive attack stands beside ${attackName(cell.asked)} behind ${defenseName(cell.defense)}: ${"reason" in asked ? asked.reason : ""}.`,
      );
      return [cell];
    }
    if (same(attack.attack, cell.attack)) return [cell];
    return [cell, { defense: cell.defense, asked: asked.attack, attack: attack.attack, adaptive: true }];
  });
  // What the user asked for stays, also where it is the adaptive attack beside another one.
  const kept = all.filter(
    (cell, at) =>
      !cell.adaptive ||
      !all.some((other, i) => (!other.adaptive || i < at) && same(other.defense, cell.defense) && same(other.asked, cell.asked)),
  );
  return { cells: kept, notes: [...notes] };
}

/**
 * Whether an attack on a defense takes its prior from the setting, one that is put beside the
 * others among them.
 */
export function takesPrior(asks: Asks, cells: readonly CellSpec[]): boolean {
  const stated = { ...asks, prior: asks.prior ?? "stated" };
  return withAdaptive(stated, cells, (defense) => lawOf(defense)).cells.some(({ attack }) => !attacks.build(attack).fixesPrior);
}
