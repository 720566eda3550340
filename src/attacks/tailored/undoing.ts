import {
  type AssumptionAndSearch,
  type Attack,
  assuming,
  type Candidates,
  chosenRows,
  hasFailed,
  type LaneProgress,
  type Observations,
  type Outline,
  type Progress,
  startingFrom,
  takingAsKnown,
  throughImages,
} from "../../adversary/index.ts";
import { type Ats, applied, type Bytes, type Case, numbersOfCase, pixelsOf, throughAll } from "../../defenses/index.ts";
import { LeakageError } from "../../errors.ts";
import { type NamedNumbers, sizeOf } from "../../graph/index.ts";
import { type Model, perChannel, toModelSpace, toPixelSpace } from "../../models/index.ts";
import { type Ranked, type Ranking, type Rarity, rankCases } from "./ranked-cases.ts";

/** What an attacker knows of ATS, and the effort that is spent on undoing it. */
export interface Undoing {
  readonly ats: Ats;
  /** How many of the best cases are searched on, and for how many steps. */
  readonly tries: number;
  readonly steps: number;
  /** How rare levels are among public images. It is asked once an attack begins. */
  rarity(): Rarity;
}

/** Answers of different cases explain an update equally well if they miss no more than this factor. */
const equally = 1.25;

/** One of the best cases of each image of each lane, and how the search through it ended. */
interface Tried {
  /** Of each lane, a case for each image. */
  readonly cases: readonly (readonly Ranked[])[];
  /** The answers, [lanes, batchSize, ...shape] in model space, and what the cases make of them. */
  readonly x: Float32Array;
  readonly transformed: Float32Array;
  readonly lanes: readonly LaneProgress[];
}

/** An image in model space, rounded to bytes. */
function roundedOf(x: Float32Array, { shape, normalization }: Model): Bytes {
  const [channels, height, width] = shape as [number, number, number];
  const pixels = toPixelSpace(x, normalization);
  return { channels, height, width, data: Uint8Array.from(pixels, (pixel) => Math.round(255 * Math.min(1, Math.max(0, pixel)))) };
}

const rowOf = (all: Float32Array, row: number, size: number): Float32Array => all.subarray(row * size, (row + 1) * size);

/** The attack through a policy for each image of a batch. */
function throughPolicies(inner: AssumptionAndSearch, { ats, steps }: Undoing, policies: readonly number[], model: Model) {
  const { assumption, search, assumes, labelRule } = inner;
  const { mean, std } = perChannel(model);
  const likelihood = throughImages(assumption.likelihood, "transformed images", (x, known) =>
    throughAll(
      x.mul(std).add(mean),
      policies.map((place) => ats.policies[place]!),
      (image) => (name) => known[`${image}.${name}`]!,
    )
      .sub(mean)
      .div(std),
  );
  return assuming(
    { ...assumption, likelihood },
    { ...search, steps, restarts: 1 },
    { prior: assumes.prior, ...(labelRule ? { labelRule } : {}) },
  );
}

/** The numbers of the cases of all lanes, by image and name. */
function numbersOf(cases: readonly (readonly { readonly drawn: Case; readonly original: Bytes }[])[], ats: Ats): NamedNumbers {
  const lanes = cases.map((own) => own.map(({ drawn, original }) => numbersOfCase(original, ats, drawn)));
  const all = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  lanes[0]!.forEach((image, b) => {
    for (const [name, { shape }] of image) {
      const size = sizeOf(shape);
      const data = new Float32Array(lanes.length * size);
      for (const [lane, own] of lanes.entries()) data.set(own[b]!.get(name)!.data, lane * size);
      all.set(`${b}.${name}`, { shape: [lanes.length, ...shape], data });
    }
  });
  return all;
}

/** The case of a policy in which chance does nothing: for lanes whose answers are not read. */
const idle = ({ policies, crop }: Ats, policy: number): Case => ({
  policy,
  top: crop,
  left: crop,
  flipped: false,
  signs: policies[policy]!.map(() => 1),
});

const originalOf = ({ undone: { image } }: Ranked): Bytes => ({ ...image, data: Uint8Array.from(image.data, Math.round) });

function requireTransformable({ rounds }: Outline): void {
  const { shape } = rounds[0]!.client.model;
  if (shape.length !== 3 || (shape[0] !== 1 && shape[0] !== 3))
    throw new LeakageError(
      "spec",
      `attack on-ats undoes transformations of images in gray or color; inputs here have the shape ${shape.join(" × ")}.`,
    );
}

const told = ({ drawn: { policy, signs, top, left } }: Ranked, { policies, crop }: Ats): string =>
  `policy ${policies[policy]!.join("-")} with signs ${signs.map((sign) => (sign > 0 ? "+" : "−")).join("")} and a crop shifted by (${top - crop}, ${left - crop})`;

function remarkOf(cases: readonly Ranked[], rankings: readonly Ranking[], ats: Ats, asGood: number, tries: number): string {
  const known = cases.map(({ undone }) => undone.known.reduce((sum, one) => sum + one, 0) / undone.known.length);
  const share = (100 * known.reduce((sum, one) => sum + one, 0)) / known.length;
  return `The attack undid ${cases.map((one) => told(one, ats)).join("; ")}, of ${rankings.map(({ count }) => count).join(", ")} cases that differ in what is shown. ${asGood} of ${tries} cases that were searched explain the update as well. ${share.toFixed(0)} % of the pixels are seen; the rest is filled by the prior.${ats.flip ? " Whether the image was mirrored cannot be told." : ""}`;
}

/**
 * An attack that goes on from the reconstruction of what the network saw to the original, as one who
 * knows the policies of ATS; see `on-ats`.
 */
export function undoing(inner: AssumptionAndSearch, known: Undoing): Attack {
  const { ats, tries, steps } = known;
  return {
    assumes: { ...inner.assumes, law: `${inner.assumes.law} of images that ATS transformed` },
    aim: "original",
    ...(inner.work ? { work: { ...inner.work, steps: inner.work.steps + tries * steps } } : {}),
    ...(inner.labelRule ? { labelRule: inner.labelRule } : {}),
    ...(inner.anyScale ? { anyScale: true } : {}),
    check: (seen) => {
      requireTransformable(seen);
      inner.check?.(seen);
    },
    async *reconstruct(seen, keys, run = {}) {
      const { model } = seen.rounds[0]!.client;
      const { lanes, batchSize } = seen;
      const size = sizeOf(model.shape);
      const { start: _, ...options } = run;
      const first = inner.search.steps;
      let of = first + tries * steps;
      let end: Progress | undefined;
      for await (const progress of inner.reconstruct(seen, keys, run)) {
        end = progress;
        yield { ...progress, step: Math.min(progress.step, of - 1), of };
      }
      const found: Candidates = { x: startingFrom(end!.inputs()), y: end!.labels() };
      const firstLanes = end!.lanes();
      const rarity = known.rarity();
      const labeled: Observations = { ...seen, labels: found.y };
      const rankings = Array.from({ length: lanes * batchSize }, (_, row) =>
        rankCases(roundedOf(rowOf(found.x, row, size), model), ats, rarity, tries),
      );
      const ranked = (lane: number, rank: number) =>
        Array.from({ length: batchSize }, (_, b) => {
          const { best } = rankings[lane * batchSize + b]!;
          return best[Math.min(rank, best.length - 1)]!;
        });
      const all: Tried[] = [];
      let before = first;
      const groupsOf = (own: readonly (readonly Ranked[])[]) => [
        ...new Set(own.map((lane) => lane.map(({ drawn }) => drawn.policy).join())),
      ];
      const ranks = Array.from({ length: tries }, (_, rank) => Array.from({ length: lanes }, (_, lane) => ranked(lane, rank)));
      of = first + steps * ranks.reduce((sum, own) => sum + groupsOf(own).length, 0);
      for (const own of ranks) {
        const start = new Float32Array(lanes * batchSize * size);
        own.flat().forEach(({ undone: { image } }, row) => {
          const pixels = Float32Array.from(image.data, (level) => level / 255);
          start.set(toModelSpace(pixels, model.normalization), row * size);
        });
        const ends: { readonly group: string; readonly last: Progress }[] = [];
        // A program has the policies of one batch; lanes with other ones only fill its width.
        for (const group of groupsOf(own)) {
          const policies = group.split(",").map(Number);
          const taken = own.map((lane) =>
            lane.map((one, b) => ({
              original: originalOf(one),
              drawn: lane.every(({ drawn }, at) => drawn.policy === policies[at]) ? one.drawn : idle(ats, policies[b]!),
            })),
          );
          const attack = throughPolicies(inner, known, policies, model);
          for await (const progress of attack.reconstruct(takingAsKnown(labeled, numbersOf(taken, ats)), keys, { ...options, start })) {
            if (before + progress.step < of) yield { ...progress, step: before + progress.step, of };
            if (progress.step === progress.of) ends.push({ group, last: progress });
          }
          before += steps;
        }
        const place = own.map((lane) => ends.findIndex(({ group }) => group === lane.map(({ drawn }) => drawn.policy).join()));
        const x = chosenRows(
          ends.map(({ last }) => last.inputs()),
          place,
        );
        const transformed = new Float32Array(x.length);
        own.flat().forEach(({ drawn }, row) => {
          const image = applied(roundedOf(rowOf(x, row, size), model), ats, drawn);
          transformed.set(toModelSpace(pixelsOf(image), model.normalization), row * size);
        });
        all.push({ cases: own, x, transformed, lanes: place.map((at, lane) => ends[at]!.last.lanes()[lane]!) });
      }
      const missed = (one: Tried, lane: number) => {
        const { stopped, matching } = one.lanes[lane]!;
        return (stopped !== null && hasFailed(stopped)) || matching === null ? Number.POSITIVE_INFINITY : matching;
      };
      const chosen = Array.from({ length: lanes }, (_, lane) => {
        const least = Math.min(...all.map((one) => missed(one, lane)));
        const asGood = all.map((one) => missed(one, lane) <= least + (equally - 1) * Math.abs(least));
        return { at: Math.max(0, asGood.indexOf(true)), asGood: asGood.filter(Boolean).length };
      });
      const at = chosen.map((one) => one.at);
      const rows = (of: (one: Tried) => Float32Array) => chosenRows(all.map(of), at);
      const redone: Candidates = { x: rows(({ transformed }) => transformed), y: found.y };
      const judged = await inner.objective?.(labeled, [found, redone], keys, options);
      // What the network saw is the better one of the first answer and the transformed second one.
      const keeps = at.map((_, lane) => (judged && judged[0]![lane]! < judged[1]![lane]! ? 0 : 1));
      const transformed = chosenRows([found.x, redone.x], keeps);
      const ended = at.map((place, lane): LaneProgress => {
        const [own, before] = [all[place]!.lanes[lane]!, firstLanes[lane]!];
        const sum = (of: (one: LaneProgress) => number) => of(before) + all.reduce((total, one) => total + of(one.lanes[lane]!), 0);
        const objective = judged ? judged[keeps[lane]!]![lane]! : own.objective;
        const cases = all[place]!.cases[lane]!;
        return {
          objective: objective !== null && Number.isFinite(objective) ? objective : null,
          matching: null,
          steps: sum((one) => one.steps),
          evaluations: sum((one) => one.evaluations),
          stopped: before.stopped !== null && hasFailed(before.stopped) ? before.stopped : own.stopped,
          by: [...new Set(cases.map(({ drawn }) => ats.policies[drawn.policy]!.join("-")))].join(", "),
          remark: remarkOf(cases, rankings.slice(lane * batchSize, (lane + 1) * batchSize), ats, chosen[lane]!.asGood, tries),
        };
      });
      const x = rows((one) => one.x);
      yield { step: of, of, lanes: () => ended, inputs: () => x, transformed: () => transformed, labels: () => found.y };
    },
    ...(inner.objective ? { objective: (seen, at, keys, run) => inner.objective!(seen, at, keys, run) } : {}),
  };
}
