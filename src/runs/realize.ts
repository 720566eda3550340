import type { Observations } from "../adversary/index.ts";
import { attacks, type Setting } from "../attacks/index.ts";
import { requirePrivate, type Sizes, sizesFor } from "../audit/index.ts";
import { fedSgd, losses } from "../client/index.ts";
import { atsOf, bareOf, type Defense, defended, defenses, lawOf } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import type { NamedNumbers } from "../graph/index.ts";
import { type Examples, estimateStatistics, type Model, models, type Weights } from "../models/index.ts";
import { concise, format, type PartSpec } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import type { CompileOptions } from "../runtime/index.ts";
import {
  examplesOf,
  type Labeling,
  labelingOf,
  type NamedAttack,
  type NamedPrior,
  oneHot,
  requireAttack,
  requireScenario,
  type Scenario,
} from "../scenario/index.ts";
import { withAdaptive } from "./adaptive.ts";
import type { AttackSpec } from "./attack-spec.ts";
import { type AuditSpec, attackName, type CellSpec, cellSpecs, defenseName } from "./audit-spec.ts";
import { tuningOf } from "./audit-tuning.ts";
import { type Load, withSteps } from "./auto-steps.ts";
import { cautionsOf } from "./cautions.ts";
import { requireStatistics, weightsOf } from "./client-weights.ts";
import { heldNotes } from "./holders.ts";
import type { InvertSpec } from "./invert-spec.ts";
import { type Prepared, taskOf, type Unsized } from "./prepare.ts";
import { readUpdate } from "./read-update.ts";
import type { Sources } from "./sources.ts";
import type { TuneSpec } from "./tuning.ts";

type Drawn = Unsized<AuditSpec> | Unsized<TuneSpec>;

type AnySpec = AttackSpec | Drawn | InvertSpec;

/** A spec with its lanes and its chunk. */
type Sized<Spec> = Spec extends Drawn ? Omit<Spec, "lanes" | "chunk"> & Sizes : Spec;

/** A spec whose parts are objects. */
export interface Realized<Spec> extends Prepared<Spec> {
  /** One scenario per defense. */
  readonly scenarios: readonly Scenario[];
  /** The client's weights, with the running statistics that were estimated for them. */
  readonly weights: Weights;
  /** What a reader must know about the data and the weights, in sentences. */
  readonly notes: readonly string[];
}

/** The cells of a spec: pairs of a defense and an attack on it. */
const cellsIn = (spec: AttackSpec | Drawn): readonly CellSpec[] =>
  spec.command === "attack" ? [{ defense: spec.defense, asked: spec.attack, attack: spec.attack }] : cellSpecs(spec);

/**
 * Makes the objects of a spec once: the client, its defenses and their attacks. It checks that all
 * of them fit together before anything is computed.
 *
 * @param given the cells in place of those of the spec, with attacks as they were tuned.
 * @throws LeakageError for anything that does not fit or does not resolve.
 */
export async function realize<Spec extends Drawn | AttackSpec>(
  { spec: asked, data, publicData, holders }: Prepared<Spec>,
  sources: Sources,
  options: CompileOptions,
  given?: readonly CellSpec[],
): Promise<Realized<Sized<Spec>>> {
  const model = models.build(asked.client.model, taskOf(data));
  const load = loadOf(asked, model);
  const spec = stepped(asked, load);
  // Tuned images are never scored, so priors of a tuning are estimated from the same split.
  // Otherwise they are estimated from the public split.
  const known = spec.command === "tune" ? data : publicData;
  const examples = known && examplesOf(known);
  const { weights, notes } = await weightsOf(
    spec,
    model,
    sources,
    cellsIn(spec).map(({ defense }) => defenses.build(defense)),
  );
  const bare = clientOf(spec, model, weights);
  const own = given ?? cellsIn(spec);
  const { cells: all, notes: adaptations } =
    spec.command === "tune"
      ? { cells: own, notes: [] }
      : withAdaptive(spec, own, (defense) => lawOf(defense, defended(defense, bare).model));
  const cells = all.map((cell) => ({ ...cell, attack: withSteps(cell.attack, load) }));
  const prior = priorOf(spec, cells, examples);
  requireStatistics(spec.client, model, examples);
  const scenarioOf = (used: Weights): Scenario[] => {
    const client = clientOf(spec, model, used);
    const behind = new Map<PartSpec | readonly PartSpec[], CellSpec[]>();
    for (const cell of cells) behind.set(cell.defense, [...(behind.get(cell.defense) ?? []), cell]);
    return [...behind].map(([defense, own]) => {
      const named = { name: defenseName(defense), ...defenses.build(defense) };
      const vary = spec.command === "audit" ? spec.tuning?.vary : undefined;
      const attackOf = (cell: CellSpec, behind: Defense) => {
        const ats = behind.adaptive?.kind === "none" ? undefined : atsOf(behind);
        const known = { law: lawOf(behind, defended(behind, client).model), ...(ats ? { ats } : {}) };
        return namedAttack(cell, { ...known, ...settingOf(spec, model, prior, examples) }, vary);
      };
      const attacks = own.map((cell) => attackOf(cell, named));
      // Some attacks fit only the law of their defense, and are tried as they are.
      const controlOf = (cell: CellSpec): NamedAttack | undefined => {
        try {
          return attackOf(cell, bareOf(named, model));
        } catch (error) {
          if (error instanceof LeakageError) return undefined;
          throw error;
        }
      };
      return {
        network: concise(models, spec.client.model),
        client,
        batchSize: spec.client.batch,
        defense: named,
        attacks,
        ...(spec.command === "audit" && spec.control ? { controls: own.map((cell, i) => controlOf(cell) ?? attacks[i]!) } : {}),
        ...(prior ? { prior } : {}),
        ...labelsOf(spec, examples),
        score: spec.score,
      };
    });
  };
  const scenarios = scenarioOf(weights);
  for (const scenario of scenarios) requireScenario(scenario);
  if (spec.command === "attack" && spec.dpDelta !== undefined) requirePrivate(scenarios, "--dp-delta");
  const { statistics } = spec.client;
  const used = statistics
    ? await estimateStatistics(model, weights, { ...examples!, count: statistics.examples }, { ...options, batch: statistics.batch })
    : weights;
  const estimated = statistics ? scenarioOf(used) : scenarios;
  const sizes = spec.command === "attack" ? {} : sizesFor(estimated, spec.samples, spec);
  return {
    spec: { ...spec, ...sizes } as Sized<Spec>,
    data,
    ...(publicData ? { publicData } : {}),
    ...(holders ? { holders } : {}),
    scenarios: estimated,
    weights: used,
    notes: [...data.notes, ...notes, ...heldNotes(holders), ...cautionsOf(spec, cells), ...adaptations],
  };
}

/** What a run will do, as far as its time depends on it. */
const loadOf = (spec: AttackSpec | Drawn, model: Model): Load => ({
  model,
  batch: spec.client.batch,
  lanes: spec.lanes,
  ...(spec.command === "attack"
    ? { updates: spec.data.images.length / spec.client.batch, defenses: [defenses.build(spec.defense)], control: false }
    : {
        updates: spec.samples,
        defenses: spec.defenses.map((defense) => defenses.build(defense)),
        control: spec.command === "audit" && spec.control,
      }),
});

/** A spec whose attacks have steps. */
const stepped = <Spec extends AttackSpec | Drawn>(spec: Spec, load: Load): Spec =>
  spec.command === "attack"
    ? { ...spec, attack: withSteps(spec.attack, load) }
    : { ...spec, attacks: spec.attacks.map((attack) => withSteps(attack, load)) };

const clientOf = ({ client: { mode, loss } }: AnySpec, model: Model, weights: Weights) =>
  fedSgd({ model, weights, mode, loss: losses.build(loss) });

function namedAttack(cell: CellSpec, setting: Setting, vary: Parameters<typeof tuningOf>[1]): NamedAttack {
  const tuning = tuningOf(cell, vary);
  return {
    name: attackName(cell.asked),
    ...attacks.build(cell.attack).build(setting),
    ...(tuning ? { tuning } : {}),
    ...(cell.adaptive ? { adaptive: true } : {}),
  };
}

/** How labels reach the attacks of a spec. */
const labelsOf = ({ labels, labelRule }: AnySpec, examples: Examples | undefined): Labeling =>
  labelingOf({ labels, ...(labelRule ? { labelRule } : {}), ...(examples ? { examples } : {}) });

const settingOf = (spec: AnySpec, model: Model, prior: NamedPrior | undefined, examples: Examples | undefined): Setting => ({
  ...(prior ? { prior } : {}),
  ...(examples ? { examples } : {}),
  radius: { radius: spec.score.delta, space: model.shape.length === 3 ? spec.score.deltaSpace : "model" },
});

/**
 * The prior that the user states.
 *
 * @throws LeakageError `spec` if every attack brings its own.
 */
function priorOf({ prior }: AnySpec, cells: readonly Pick<CellSpec, "asked">[], examples: Examples | undefined): NamedPrior | undefined {
  if (!prior) return undefined;
  const open = cells.some(({ asked }) => !attacks.build(asked).fixesPrior);
  if (!open)
    throw new LeakageError(
      "spec",
      `--prior ${format(prior)} does not fit --attack ${[...new Set(cells.map(({ asked }) => attackName(asked)))].join(" and ")}, which has its own prior.`,
    );
  return { prior: priors.build(prior, examples ? { examples } : {}), name: format(prior) };
}

/** An update from a file, with the attack on it as an object. */
export interface RealizedUpdate {
  readonly spec: InvertSpec;
  /** The scenario without its defense, which is not known. */
  readonly scenario: Omit<Scenario, "defense">;
  readonly seen: Observations;
  readonly notes: readonly string[];
}

/**
 * Makes the objects of an inversion and reads its update.
 *
 * @throws LeakageError for anything that does not fit or does not resolve.
 */
export async function realizeUpdate(asked: InvertSpec, sources: Sources): Promise<RealizedUpdate> {
  const { shape, classes, mean, std } = asked.input;
  const { batch } = asked.client;
  const model = models.build(asked.client.model, { shape, classes, normalization: { mean, std } });
  const load = { model, batch, updates: 1, lanes: 1, defenses: [defenses.build("none")], control: false };
  const spec = { ...asked, attack: withSteps(asked.attack, load) };
  const { weights, notes } = await weightsOf(spec, model, sources, []);
  const client = clientOf(spec, model, weights);
  const cell = { asked: spec.attack };
  const prior = priorOf(spec, [cell], undefined);
  const attack: NamedAttack = {
    name: attackName(spec.attack),
    ...attacks.build(spec.attack).build(settingOf(spec, model, prior, undefined)),
  };
  const { tensors, source } = await sources.tensors("update", spec.update.sha256);
  const read = readUpdate(spec, { model, weights, anyScale: attack.anyScale === true }, tensors, source);
  const oneLane = (numbers: NamedNumbers): NamedNumbers =>
    new Map([...numbers].map(([name, { shape: own, data }]) => [name, { shape: [1, ...own], data }]));
  const round = {
    client,
    updates: oneLane(read.gradient),
    ...(read.published.size > 0 ? { published: oneLane(read.published) } : {}),
  };
  requireAttack(attack, { rounds: [round], lanes: 1, batchSize: batch }, labelsOf(spec, undefined));
  return {
    spec: { ...spec, update: read.update },
    scenario: {
      network: concise(models, spec.client.model),
      client,
      batchSize: batch,
      attacks: [attack],
      ...(prior ? { prior } : {}),
      ...labelsOf(spec, undefined),
      score: spec.score,
    },
    seen: {
      rounds: [round],
      lanes: 1,
      batchSize: batch,
      ...(spec.knownLabels ? { labels: oneHot(spec.knownLabels, classes) } : {}),
    },
    notes: [
      ...notes,
      ...read.notes,
      ...(read.published.size > 0
        ? [`The attacker received what the client published with its update: ${[...read.published.keys()].join(", ")}.`]
        : []),
    ],
  };
}
