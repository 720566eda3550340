import { changesImages, defended, lawOf } from "../defenses/index.ts";
import { dkwBand } from "../metrics/index.ts";
import { areImages } from "../models/index.ts";
import { foldIn, type KeyBits, stream } from "../random/index.ts";
import type { Scenario, Tuning } from "../scenario/index.ts";
import type { AuditCell, AuditResult } from "./audit-result.ts";
import { type Cell, cellsOf } from "./cells.ts";
import { certifiedNotes } from "./certified.ts";
import type { AuditChunk, AuditedExample, Outcome } from "./chunk.ts";
import { comparisons } from "./compared-cells.ts";
import type { Distances } from "./comparison.ts";
import { controlOf, failuresOf, limitsOf, median, remarks, statementsOf } from "./evidence.ts";
import { factNotes, factsIn } from "./facts.ts";
import type { FinishedDraws } from "./finished-draws.ts";
import { foundByNotes, takenIn } from "./found-by.ts";
import { faintLabels, faintNotes, labelAccuracy } from "./label-shares.ts";
import { mixingNotes, sampledIn } from "./mixing.ts";
import { shares } from "./recovered-shares.ts";
import { judged } from "./verdicts.ts";
import { workOf } from "./work.ts";

/**
 * The reconstructions that a cell shows: the nearest of all, and that of the first draw, which
 * nobody chose.
 */
export const shownExamples = ["nearest", "first"] as const;

/** The names of the image files of a cell's reconstructions. */
export const exampleFiles = (which: (typeof shownExamples)[number], cell: number) => ({
  original: `${which}/${cell}-original.png`,
  reconstruction: `${which}/${cell}-reconstruction.png`,
});

/**
 * The reconstructions that each cell shows, over all chunks. Of equally near ones it takes the
 * first.
 */
export function examplesShown(chunks: readonly AuditChunk[]): Record<(typeof shownExamples)[number], readonly (AuditedExample | null)[]> {
  const nearest = chunks[0]!.nearest.map((_, cell) =>
    chunks.reduce<AuditedExample | null>((best, { nearest }) => {
      const own = nearest[cell]!;
      return own && (!best || own.distance < best.distance) ? own : best;
    }, null),
  );
  return { nearest, first: chunks[0]!.first };
}

/** What the result of an audit says about its draws. It follows from the chunks alone. */
export function summarizeDraws(done: FinishedDraws): Omit<AuditResult, "format" | "command" | "spec" | "specHash" | "seed" | "versions"> {
  const { scenarios, classes, chunks, root, confidence, notes, seconds, lanes } = done;
  const { batchSize, client, score } = scenarios[0]!;
  const { delta } = score;
  const draws = chunks.flatMap((chunk) => chunk.draws);
  const cells = cellsOf(done);
  const key = (cell: number) => foldIn(stream(root, "resample"), cell);
  const byCell = cells.map((_, cell): Distances => draws.map(({ outcomes }) => outcomes[cell]!.distances));
  const fromOriginals = cells.map(
    ({ attack }, cell): Distances =>
      draws.map(({ outcomes }) => (attack.aim === "original" ? undefined : outcomes[cell]!.beside) ?? outcomes[cell]!.distances),
  );
  const outcomesOf = (cell: number) => draws.map(({ outcomes }) => outcomes[cell]!);
  const sampledBy = (cell: number) => {
    const sampled = sampledIn(outcomesOf(cell));
    return sampled ? { sampled } : {};
  };
  const factsBehind = (scenario: number) => draws.map(({ facts }) => facts[scenario]!);
  const toldOf = (scenario: number, cell: number) => {
    const [facts, taken] = [factsIn(factsBehind(scenario)), takenIn(outcomesOf(cell))];
    return { ...(facts ? { facts } : {}), ...(taken ? { taken } : {}) };
  };
  const shown = examplesShown(chunks);
  const spent = (of: (seconds: AuditChunk["seconds"]) => number) => chunks.reduce((sum, chunk) => sum + of(chunk.seconds), 0);
  const baselines = Object.keys(draws[0]!.guesses);
  const behind = (name: string) => draws.map(({ guesses }) => guesses[name]!);
  const summarized = cells.map(
    (cell, i): AuditCell => ({
      ...describe(cell),
      ...shares(byCell[i]!, delta, key(i), confidence),
      ...failuresOf(draws, i, delta),
      ...limitsOf(draws, i, cell.attack, confidence),
      explained: median(draws.flatMap(({ outcomes }) => outcomes[i]!.explained ?? [])),
      explainable: median(draws.flatMap(({ explainable }) => explainable[scenarios.indexOf(cell.scenario)] ?? [])),
      control: controlOf(done, draws, i, key(i)),
      labelAccuracy: labelAccuracy(done, i, foldIn(stream(key(i), "resample"), i)),
      faintLabels: faintLabels(done, i),
      nearest: told("nearest", shown.nearest[i]!, i, classes),
      first: told("first", shown.first[i]!, i, classes),
      ...aimOf(cell, outcomesOf(i), delta, key(i), confidence),
      ...sampledBy(i),
      ...toldOf(scenarios.indexOf(cell.scenario), i),
      work: workOf(chunks, i, cell.attack.assumes.samples, batchSize),
      seconds: spent(({ attacking }) => attacking[i]!),
    }),
  );
  const statements = statementsOf(summarized, draws.length, done.acceptFailed ?? false);
  const guesses = baselines.map((name, i) => ({ name, ...shares(behind(name), delta, key(cells.length + i), confidence) }));
  return {
    seconds: {
      ...seconds,
      simulating: spent(({ simulating }) => simulating),
      attacking: spent(({ attacking }) => attacking.reduce((sum, cell) => sum + cell, 0)),
      controls: spent(({ controls }) => controls),
      scoring: spent(({ scoring }) => scoring),
    },
    lanes,
    threads: [...new Set(chunks.flatMap(({ threads }) => threads ?? []))].sort((a, b) => a - b),
    assumptions: givenOf(scenarios[0]!),
    items: areImages(client.model) ? "image" : "vector",
    draws: draws.length,
    images: draws.length * batchSize,
    interval: batchSize === 1 ? "clopper-pearson" : "cluster-bootstrap",
    confidence,
    band: dkwBand(draws.length, confidence, batchSize),
    baselines: guesses,
    nearestPublic: nearestShares(chunks, delta, key(cells.length + baselines.length), confidence),
    cells: summarized,
    statements,
    ...(done.certified ? { certified: done.certified } : {}),
    comparisons: comparisons(done, cells, { byCell, fromOriginals }, key),
    gate: judged(done, cells, byCell, key, statements),
    data: draws.map(({ images, labels, clients, guesses, nearestPublic, outcomes }) => ({
      images,
      labels,
      ...(clients ? { clients } : {}),
      guesses,
      nearestPublic,
      distances: outcomes.map(({ distances }) => distances),
    })),
    notes: [
      ...notes,
      ...faintNotes(done, cells),
      ...scenarios.filter(({ defense }) => changesImages(defense)).map(({ defense }) => changeNote(defense.name)),
      ...scenarios.flatMap(({ defense }, i) => factNotes(defense.name, factsBehind(i))),
      ...cells.flatMap(({ scenario, attack }, i) => {
        const what = `${attack.name} behind ${scenario.defense.name}`;
        return [...mixingNotes(what, outcomesOf(i)), ...foundByNotes(what, outcomesOf(i))];
      }),
      ...remarks(summarized, guesses, byCell, delta),
      ...certifiedNotes(summarized, done.certified ?? [], batchSize),
    ],
  };
}

/** What every attacker of a scenario receives. */
export const givenOf = ({ labels, client: { model, mode }, batchSize, network, score }: Omit<Scenario, "attacks" | "defense">) => ({
  labels,
  mode,
  batchNorm: model.statistics.length === 0 ? ("none" as const) : mode === "eval" ? ("running" as const) : ("batch" as const),
  batchSize,
  model: network,
  delta: score.delta,
  deltaSpace: score.deltaSpace,
});

/** What a reader must know where a defense changes the images before the network sees them. */
export const changeNote = (defense: string): string =>
  `${defense} changes images before the network sees them. Laws and what answers explain are of the images that the network saw. Results say which of the two an attack is after, and have both.`;

/** What the law of a defense that changes images is a law for, in words. */
export const givenSeen = "given the images that the network saw";

/** The true law of a defense, as its kind and a text. */
export function trueLawOf({ client, defense }: Pick<Scenario, "client" | "defense">): AuditCell["trueLaw"] {
  const law = lawOf(defense, defended(defense, client).model);
  if (law.kind === "known") return { kind: "known", text: law.likelihood.name };
  if (law.kind === "unknown") return { kind: "unknown", text: law.reason };
  const text = "the update is a function of the batch, without noise";
  return { kind: "deterministic", text: changesImages(defense) ? `${text}, ${givenSeen}` : text };
}

/** What a cell is after, and the shares of what it is not after; nothing where images are not changed. */
function aimOf(
  { scenario, attack }: Cell,
  outcomes: readonly Outcome[],
  delta: number,
  key: KeyBits,
  confidence: number,
): Pick<AuditCell, "aim" | "beside"> {
  if (!changesImages(scenario.defense)) return {};
  return {
    aim: attack.aim ?? "transformed",
    beside: shares(
      outcomes.map(({ beside }) => beside!),
      delta,
      key,
      confidence,
    ),
  };
}

function describe({ scenario, attack }: Cell) {
  const { law, prior, radius, shrunkRadius, samples } = attack.assumes;
  return {
    defense: scenario.defense.name,
    attack: attack.name,
    ...(attack.adaptive ? { adaptive: true as const } : {}),
    tuned: attack.tuning ? quoted(attack.tuning) : null,
    law,
    trueLaw: trueLawOf(scenario),
    prior,
    radius,
    ...(shrunkRadius === undefined ? {} : { shrunkRadius }),
    points: samples,
  };
}

/** How an attack was tuned, in the form of the result. */
const quoted = ({ settingHash: _, values, ...tuning }: Tuning): AuditCell["tuned"] => ({
  ...tuning,
  values: values ? { ...values } : null,
});

/** How near public examples lie to the originals; null if none are public. */
function nearestShares(chunks: readonly AuditChunk[], delta: number, key: KeyBits, confidence: number): AuditResult["nearestPublic"] {
  const distances = chunks.flatMap(({ draws }) => draws.flatMap(({ nearestPublic }) => (nearestPublic ? [nearestPublic] : [])));
  return distances.length === 0 ? null : { count: chunks[0]!.publicExamples, ...shares(distances, delta, key, confidence) };
}

function told(
  which: (typeof shownExamples)[number],
  example: AuditedExample | null,
  cell: number,
  classes: readonly string[],
): AuditCell["nearest"] {
  if (!example) return null;
  const { images, ...place } = example;
  return { ...place, className: classes[example.label] ?? null, ...(images ? { files: exampleFiles(which, cell) } : {}) };
}
