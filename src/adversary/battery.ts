import { LeakageError } from "../errors.ts";
import { type Attack, type Candidates, hasFailed, type LaneProgress, type Progress } from "./attack.ts";
import { chosenRows, startingFrom } from "./chosen.ts";
import type { Outline } from "./observations.ts";

/** An attack of a battery. */
export interface Member {
  readonly name: string;
  readonly attack: Attack;
  /** Whether its answer stands wherever it converged, so that no other attack is needed there. */
  readonly settles?: boolean;
}

/**
 * Several attacks as one. Every member that fits what is seen attacks the same updates, in order.
 * The judge is the last member that fits. It begins where its own objective likes the answers before
 * it best. In each lane the final answer is the one that this objective prefers, unless a member that
 * settles has converged there. If that holds in all lanes, the members after it do not run. A member
 * that failed in a lane is chosen only where all failed.
 *
 * @param membersFor the members for what is seen, the judge last. The judge has an objective.
 * @param about what the judge assumes, and the work of all members.
 */
export function battery(membersFor: (seen: Outline) => readonly Member[], about: Required<Pick<Attack, "assumes" | "work">>): Attack {
  const fitting = (seen: Outline): readonly Member[] => {
    const members = membersFor(seen);
    const fit = members.filter(({ attack }) => fits(attack, seen));
    // The judge says best why nothing fits.
    if (fit.length === 0) members.at(-1)!.attack.check!(seen);
    return fit;
  };
  return {
    ...about,
    check: (seen) => {
      fitting(seen);
    },
    async *reconstruct(seen, keys, run = {}) {
      const members = fitting(seen);
      const judge = members.at(-1)!;
      const { start: _, ...options } = run;
      const of = members.reduce((sum, { attack }) => sum + (attack.work?.steps ?? 1), 0);
      const ends: Finished[] = [];
      const best = async (): Promise<Best> => {
        const judged = await judge.attack.objective!(
          seen,
          ends.map(({ answers }) => answers),
          keys,
          options,
        );
        return bestOf(ends, judged, seen.lanes);
      };
      let before = 0;
      for (const member of members) {
        const start = member === judge && ends.length > 0 ? { start: startingFrom((await best()).answers.x) } : {};
        let end: Progress | undefined;
        for await (const progress of member.attack.reconstruct(seen, keys, { ...run, ...start })) {
          end = progress;
          // The last report of all is the choice, so no other may count as the last.
          yield { ...progress, step: Math.min(before + progress.step, of - 1), of, lanes: () => running(progress, ends) };
        }
        ends.push(finished(member, end!));
        before += end!.of;
        if (ends.some(({ settled }) => settled.every(Boolean))) break;
      }
      const { chosen, answers, values } = await best();
      const lanes = chosen.map((place, lane): LaneProgress => {
        const objective = values[lane]!;
        const { remark, stopped } = ends[place]!.lanes[lane]!;
        return {
          ...sums(ends, lane),
          objective: Number.isFinite(objective) ? objective : null,
          matching: null,
          stopped,
          by: ends[place]!.member.name,
          ...(remark === undefined ? {} : { remark }),
        };
      });
      yield { step: of, of, lanes: () => lanes, inputs: () => answers.x, labels: () => answers.y };
    },
    objective: (seen, at, keys, run) => fitting(seen).at(-1)!.attack.objective!(seen, at, keys, run),
  };
}

/** A member that is done. */
interface Finished {
  readonly member: Member;
  readonly answers: Candidates;
  readonly lanes: readonly LaneProgress[];
  /** Whether its answer stands, lane by lane. */
  readonly settled: readonly boolean[];
}

function finished(member: Member, end: Progress): Finished {
  const lanes = end.lanes();
  const settled = lanes.map(({ stopped }) => member.settles === true && stopped === "converged");
  return { member, lanes, settled, answers: { x: end.inputs(), y: end.labels() } };
}

const fits = (attack: Attack, seen: Outline): boolean => {
  try {
    attack.check?.(seen);
    return true;
  } catch (error) {
    if (error instanceof LeakageError) return false;
    throw error;
  }
};

/** The best answers so far. */
interface Best {
  /** The place of the member whose answer a lane takes. */
  readonly chosen: readonly number[];
  readonly answers: Candidates;
  /** The judge's objective at the answers. */
  readonly values: readonly number[];
}

/** @param judged the judge's objective at the answers of each member, lane by lane. */
function bestOf(ends: readonly Finished[], judged: readonly Float32Array[], lanes: number): Best {
  const chosen = Array.from({ length: lanes }, (_, lane) => choose(ends, judged, lane));
  const rows = (part: keyof Candidates) =>
    chosenRows(
      ends.map(({ answers }) => answers[part]),
      chosen,
    );
  return { chosen, answers: { x: rows("x"), y: rows("y") }, values: chosen.map((place, lane) => judged[place]![lane]!) };
}

function choose(ends: readonly Finished[], judged: readonly Float32Array[], lane: number): number {
  const settled = ends.findIndex((end) => end.settled[lane]);
  if (settled >= 0) return settled;
  const cost = (place: number) => (Number.isNaN(judged[place]![lane]!) ? Number.POSITIVE_INFINITY : judged[place]![lane]!);
  const failed = (place: number) => hasFailed(ends[place]!.lanes[lane]!.stopped);
  let best = ends.length - 1;
  for (let place = best - 1; place >= 0; place--)
    if (failed(place) === failed(best) ? cost(place) < cost(best) : failed(best)) best = place;
  return best;
}

const sums = (ends: readonly { readonly lanes: readonly LaneProgress[] }[], lane: number): Pick<LaneProgress, "steps" | "evaluations"> => ({
  steps: ends.reduce((sum, { lanes }) => sum + lanes[lane]!.steps, 0),
  evaluations: ends.reduce((sum, { lanes }) => sum + lanes[lane]!.evaluations, 0),
});

/** The lanes of a member at work, with what the members before it did. Their objectives differ. */
const running = (progress: Progress, before: readonly Finished[]): readonly LaneProgress[] =>
  progress
    .lanes()
    .map((own, lane) => ({ ...own, ...sums([...before, { lanes: progress.lanes() }], lane), objective: null, matching: null }));
