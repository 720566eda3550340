import { defenses } from "../defenses/index.ts";
import { bonferroni, clopperPearson, clusterProportion, complement, distanceQuantiles, dkwBand, type Interval } from "../metrics/index.ts";
import type { Examples, Model } from "../models/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { AuditChunk, AuditedExample } from "./audit-chunk.ts";
import type { AuditCell, AuditResult } from "./audit-result.ts";
import { type AuditSpec, attackName, type Cell, defenseName, gateOf } from "./audit-spec.ts";
import { comparable, endsReached } from "./audit-tuning.ts";
import { compareAttacks, type Distances, within } from "./comparison.ts";
import { drawKey } from "./draws.ts";
import { judgeGate } from "./gate.ts";
import { specFieldsOf } from "./result.ts";
import { auditAttack, given } from "./run.ts";
import { valueAt } from "./tune.ts";

/** An audit whose draws are done. */
export interface AuditSummary {
  readonly spec: AuditSpec;
  /** Its pairs of defense and attack as they were carried out. */
  readonly cells: readonly Cell[];
  readonly model: Model;
  readonly classes: readonly string[];
  /** All chunks, in order. */
  readonly chunks: readonly AuditChunk[];
  readonly versions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly examples?: Examples;
}

/** Which reconstructions of a cell are shown: the nearest of all, and that of the first draw, which nobody chose. */
export const shownExamples = ["nearest", "first"] as const;

/** Where the pictures of a cell's reconstructions are. */
export const exampleFiles = (which: (typeof shownExamples)[number], cell: number) => ({
  original: `${which}/${cell}-original.png`,
  reconstruction: `${which}/${cell}-reconstruction.png`,
});

/** What each cell shows, over all chunks; of equally near ones the first. */
export function examplesShown(chunks: readonly AuditChunk[]): Record<(typeof shownExamples)[number], readonly (AuditedExample | null)[]> {
  const nearest = chunks[0]!.nearest.map((_, cell) =>
    chunks.reduce<AuditedExample | null>((best, { nearest }) => {
      const own = nearest[cell]!;
      return own && (!best || own.distance < best.distance) ? own : best;
    }, null),
  );
  return { nearest, first: chunks[0]!.first };
}

/** The result of an audit, which follows from its chunks alone. */
export function auditResult({ spec, cells, model, classes, chunks, versions, notes, examples }: AuditSummary): AuditResult {
  const { delta } = spec.score;
  const batchSize = spec.client.batch;
  const draws = chunks.flatMap((chunk) => chunk.draws);
  const key = drawKey(spec.seed, 0, "resample");
  const byCell = cells.map((_, cell): Distances => draws.map(({ outcomes }) => outcomes[cell]!.distances));
  const shown = examplesShown(chunks);
  return {
    format: "gradleak-audit-1",
    command: "audit",
    ...specFieldsOf(spec, versions),
    threads: [...new Set(chunks.flatMap(({ threads }) => threads ?? []))].sort((a, b) => a - b),
    assumptions: given(spec, model),
    items: model.shape.length === 3 ? "image" : "vector",
    draws: draws.length,
    images: draws.length * batchSize,
    interval: batchSize === 1 ? "clopper-pearson" : "cluster-bootstrap",
    confidence: spec.confidence,
    band: dkwBand(draws.length, spec.confidence, batchSize),
    baselines: Object.keys(draws[0]!.guesses).map((name) => ({
      name,
      ...shares(
        draws.map(({ guesses }) => guesses[name]!),
        delta,
        key,
        spec.confidence,
      ),
    })),
    nearestPublic: nearestShares(chunks, delta, key, spec.confidence),
    cells: cells.map((cell, i): AuditCell => {
      const { defense } = cell;
      const { law, prior, radius, samples } = auditAttack(spec, cell, model, examples).assumes;
      return {
        defense: defenseName(defense),
        attack: attackName(spec.attacks[i % spec.attacks.length]!),
        tuned: quoted(cell, spec.tuning),
        law,
        trueLaw: defenses.build(defense).likelihood?.name ?? null,
        prior,
        radius,
        points: samples,
        ...shares(byCell[i]!, delta, key, spec.confidence),
        failed: byCell[i]!.flat().filter((distance) => distance === null).length,
        nearest: told("nearest", shown.nearest[i]!, i, classes),
        first: told("first", shown.first[i]!, i, classes),
        seconds: chunks.reduce((sum, { seconds }) => sum + seconds[i]!, 0),
      };
    }),
    comparisons: comparisons(spec, cells, byCell, key),
    gate: judged(spec, byCell, key),
    data: draws.map(({ images, labels, guesses, nearestPublic, outcomes }) => ({
      images,
      labels,
      guesses,
      nearestPublic,
      distances: outcomes.map(({ distances }) => distances),
    })),
    notes: [...notes, ...endsReached(spec, cells)],
  };
}

/** The share of recovered images with its interval: exact for independent draws, over batches otherwise. */
function recoveredShare(distances: Distances, delta: number, key: KeyBits, confidence: number): Interval {
  const recovered = distances.map((draw) => draw.map((distance) => within(distance, delta)));
  if (distances.some(({ length }) => length > 1)) return clusterProportion(recovered, key, { confidence });
  return clopperPearson(recovered.flat().filter(Boolean).length, distances.length, confidence);
}

function shares(distances: Distances, delta: number, key: KeyBits, confidence: number) {
  const recovered = recoveredShare(distances, delta, key, confidence);
  const { quantiles } = distanceQuantiles(distances.flat().map((distance) => distance ?? Infinity));
  return {
    recovered,
    risk: complement(recovered),
    quantiles: quantiles.map(({ probability, distance }) => ({ probability, distance: Number.isFinite(distance) ? distance : null })),
  };
}

/** How near public examples lie to the originals, where some are public. */
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
  const { pictures, ...place } = example;
  return { ...place, className: classes[example.label] ?? null, ...(pictures ? { files: exampleFiles(which, cell) } : {}) };
}

/** How the attack of a cell was tuned, as the result has it. */
function quoted({ tuned }: Cell, tuning: AuditSpec["tuning"]): AuditCell["tuned"] {
  if (!tuned) return null;
  const { specHash, by, candidates, draws, attack } = tuned;
  const values = tuning?.vary.flatMap(({ path }) => {
    const value = valueAt(attack, path);
    return value === undefined ? [] : [[path, value as NonNullable<NonNullable<AuditCell["tuned"]>["values"]>[string]] as const];
  });
  return { specHash, by, candidates, draws, attack: attackName(attack), values: values ? Object.fromEntries(values) : null };
}

/** Attacks that were tuned alike, in pairs. Of others nothing is said: which of two settings is better says little of two attacks. */
function comparisons(spec: AuditSpec, cells: readonly Cell[], byCell: readonly Distances[], key: KeyBits): AuditResult["comparisons"] {
  const { attacks, score, confidence } = spec;
  return spec.defenses.flatMap((defense, d) =>
    attacks.flatMap((first, a) =>
      attacks.slice(a + 1).flatMap((second, offset) => {
        const [one, other] = [d * attacks.length + a, d * attacks.length + a + 1 + offset];
        if (!comparable(cells[one]!.tuned, cells[other]!.tuned)) return [];
        const compared = compareAttacks(byCell[one]!, byCell[other]!, score.delta, key, confidence);
        return [{ defense: defenseName(defense), first: attackName(first), second: attackName(second), ...compared }];
      }),
    ),
  );
}

/** What the gate says of each defense, by intervals that hold for all attacks on it together. */
function judged(spec: AuditSpec, byCell: readonly Distances[], key: KeyBits): AuditResult["gate"] {
  const gate = gateOf(spec);
  if (!gate) return null;
  const { attacks, score } = spec;
  const confidence = bonferroni(spec.confidence, attacks.length);
  const verdicts = spec.defenses.map((defense, d) => {
    const intervals = attacks.map((attack, a) => ({
      attack: attackName(attack),
      recovered: recoveredShare(byCell[d * attacks.length + a]!, score.delta, key, confidence),
    }));
    return { defense: defenseName(defense), ...judgeGate(gate, intervals) };
  });
  return { text: gate.text, confidence, verdicts, fails: verdicts.some(({ fails }) => fails) };
}
