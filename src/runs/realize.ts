import type { Observations } from "../adversary/index.ts";
import { attacks, type Setting } from "../attacks/index.ts";
import { type Holders, type Sizes, sizesFor } from "../audit/index.ts";
import { crossEntropy, fedSgd, fedSgdAt, losses } from "../client/index.ts";
import { bareOf, type Defense, defended, defenses, lawOf } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { input, type NamedNumbers } from "../graph/index.ts";
import {
  completeWeights,
  type Examples,
  estimateStatistics,
  haveStatistics,
  initialWeights,
  type Model,
  matchTensors,
  models,
  type Weights,
} from "../models/index.ts";
import { concise, format, type PartSpec } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { keyFromSeed, stream } from "../random/index.ts";
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
import type { InvertSpec } from "./invert-spec.ts";
import { type Prepared, taskOf, type Unsized } from "./prepare.ts";
import { readUpdate } from "./read-update.ts";
import type { Sources } from "./sources.ts";
import type { TuneSpec } from "./tuning.ts";

type Drawn = Unsized<AuditSpec> | Unsized<TuneSpec>;
/** What says which weights a client has. */
interface Weighted {
  readonly client: Pick<AuditSpec["client"], "weights" | "statistics">;
  readonly seed: number;
}

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
      const attackOf = (cell: CellSpec, behind: Defense) =>
        namedAttack(cell, { law: lawOf(behind, defended(behind, client).model), ...settingOf(spec, model, prior, examples) }, vary);
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

/** Whose examples are behind an update, where clients have their own. */
const heldNotes = (holders: Holders | undefined): readonly string[] =>
  !holders || holders.partition.length === 1
    ? []
    : holders.together === 1
      ? [`Each update is of one of ${holders.partition.length} clients, drawn anew for each, with images of its own.`]
      : [
          `Behind each update are ${holders.together} of ${holders.partition.length} clients, drawn anew for each, with images of their own.`,
        ];

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

/**
 * The client's weights, from a file or drawn from the seed, and what a reader must know about them.
 * If the file has what a defense adds to the network, so have the weights.
 *
 * @param behind the defenses of the client.
 */
export async function weightsOf(
  { client: { weights, statistics }, seed }: Weighted,
  model: Model,
  sources: Sources,
  behind: readonly Defense[],
): Promise<{ readonly weights: Weights; readonly notes: readonly string[] }> {
  const bare = statistics
    ? [`The running statistics of batch normalization are from passes over ${statistics.examples} public images.`]
    : model.statistics.length > 0
      ? ["The weights have no running statistics of batch normalization: means of 0 and variances of 1 are used instead."]
      : [];
  if (weights.kind === "initial")
    return {
      weights: initialWeights(model, stream(keyFromSeed(seed), "weights")),
      notes: ["The network's weights are random, not trained; trained networks leak less.", ...bare],
    };
  const { tensors, source } = await sources.tensors("weights", weights.sha256);
  const added = addedBy(behind, model);
  const holds = (name: string) => [...tensors.keys()].some((own) => own === name || own.endsWith(`.${name}`));
  const held = added.find(({ names }) => names.some(holds));
  const matched = matchTensors(held?.model ?? model, tensors, source);
  const whole = haveStatistics(model, matched.tensors);
  if (statistics && model.statistics.length > 0 && whole)
    throw new LeakageError("spec", `--statistics does not fit --weights ${source}, which has its own running statistics.`);
  return {
    weights: completeWeights(held?.model ?? model, matched.tensors, source),
    notes: [
      ...(matched.note ? [matched.note] : []),
      ...(whole ? [] : bare),
      ...(held ? [`${source} has the weights of what the defense adds to the network: ${held.names.join(", ")}.`] : []),
      ...(added.length > 0 && !held
        ? [`${source} has no weights of what the defense adds to the network, so these are random, by the seed of the defense.`]
        : []),
    ],
  };
}

/** What each defense that changes the network adds to it. */
function addedBy(behind: readonly Defense[], model: Model): readonly { readonly model: Model; readonly names: readonly string[] }[] {
  const shapes = new Map([...model.parameters, ...model.statistics].map(({ name, shape }) => [name, input(name, shape)]));
  const client = fedSgdAt({ model, mode: "eval", loss: crossEntropy, weights: (name) => shapes.get(name) });
  return behind.flatMap((defense) => {
    const changed = defended(defense, client).model;
    const names = changed.parameters.flatMap(({ name }) => (shapes.has(name) ? [] : [name]));
    return names.length === 0 ? [] : [{ model: changed, names }];
  });
}

/**
 * Refuses running statistics that a spec asks for if they cannot be estimated.
 *
 * They become statistics of the network itself, not only of the attacker: the client in eval mode
 * normalizes by them, and the prior `batch-norm` compares with them. In train mode the client never
 * reads them, so only the prior does. In eval mode, nobody trains or sends a network that
 * normalizes by means of 0 and variances of 1.
 *
 * @throws LeakageError `spec` for a network without batch normalization, data without public
 * images, too few of them, or a number that does not make whole passes.
 */
function requireStatistics({ statistics, model: network }: AuditSpec["client"], model: Model, examples?: Examples): void {
  if (!statistics) return;
  const { examples: count, batch } = statistics;
  const flag = `--statistics ${count}`;
  if (model.statistics.length === 0)
    throw new LeakageError("spec", `${flag} does not fit --model ${format(network)}, which has no batch normalization.`);
  if (!examples)
    throw new LeakageError("spec", `${flag} needs images of the other split, which is public, and this data has no other split.`);
  if (count % batch !== 0) throw new LeakageError("spec", `${flag}: each pass takes ${batch} images; give a multiple of ${batch}.`);
  if (count > examples.count) throw new LeakageError("spec", `${flag}: there are only ${examples.count} public images.`);
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
