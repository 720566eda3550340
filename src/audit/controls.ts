import { bareOf } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { labelingOf, requireAttack, type Scenario } from "../scenario/index.ts";
import type { Cell } from "./cells.ts";

/** An attack is tried without the defense on at most so many draws. */
export const controlDraws = 64;

/** A control has succeeded if it recovers at least this share, and more than the best guess. */
export const controlShare = 0.1;

/** Where the control of a cell is: in a cell of the audit itself, or in a run of its own. */
type ControlPlace =
  | { readonly kind: "cell"; readonly cell: number }
  | { readonly kind: "run"; readonly run: number }
  /** The attack cannot run on an update without the defense, for this reason. */
  | { readonly kind: "none"; readonly reason: string };

/**
 * The positive controls of an audit: each attack on the bare updates of the same draws. An attack
 * that gets nothing from a bare update says nothing about a defense either.
 */
export interface Controls {
  /**
   * The runs that no cell of the audit makes. Each has one attack. Runs with the same bare updates
   * share the object of their defense.
   */
  readonly runs: readonly Scenario[];
  /** The place of each cell's control, in the order of the cells. */
  readonly places: readonly ControlPlace[];
}

/**
 * The controls of all cells. A cell without a defense is its own control. Cells with the same attack
 * share one, unless their defenses change the model.
 */
export function controlsOf(cells: readonly Cell[]): Controls {
  const runs = new Map<string, { readonly place: number; readonly scenario: Scenario }>();
  const nameOf = ({ scenario, attack }: Cell, changed: boolean) => `${changed ? scenario.defense.name : ""}\n${attack.name}`;
  const bares = new Map<string, Scenario["defense"]>();
  const own = new Map(cells.flatMap((cell, i) => (isBare(cell.scenario) ? [[nameOf(cell, false), i] as const] : [])));
  const places = cells.map((cell, i): ControlPlace => {
    if (isBare(cell.scenario)) return { kind: "cell", cell: i };
    const { scenario, attack } = cell;
    const defense = bareOf(scenario.defense, scenario.client.model);
    const changed = defense.steps.length > 0;
    const name = nameOf(cell, changed);
    const same = changed ? undefined : own.get(name);
    if (same !== undefined) return { kind: "cell", cell: same };
    const known = runs.get(name);
    if (known) return { kind: "run", run: known.place };
    const shared = changed ? scenario.defense.name : "";
    const bare = bares.get(shared) ?? { name: "none", ...defense };
    bares.set(shared, bare);
    const control = scenario.controls?.[scenario.attacks.indexOf(attack)] ?? attack;
    const made: Scenario = { ...scenario, defense: bare, attacks: [control] };
    try {
      const round = { client: defense.steps.reduce((client, step) => step.onClient?.(client) ?? client, scenario.client) };
      requireAttack(control, { rounds: [round], lanes: 1, batchSize: scenario.batchSize }, labelingOf(scenario));
    } catch (error) {
      if (error instanceof LeakageError) return { kind: "none", reason: error.message };
      throw error;
    }
    runs.set(name, { place: runs.size, scenario: made });
    return { kind: "run", run: runs.size - 1 };
  });
  return { runs: [...runs.values()].map(({ scenario }) => scenario), places };
}

const isBare = ({ defense, client }: Scenario): boolean => defense.steps.length === 0 && !client.model.random;
