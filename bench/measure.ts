import { setTimeout as rest } from "node:timers/promises";
import { disagreement } from "./agreement.ts";
import { type Case, nameOf } from "./cases.ts";
import { median } from "./median.ts";
import type { Program, ProgramName } from "./program.ts";
import type { Prepared } from "./protocol.ts";

/** One program's numbers on one network. */
export interface Row {
  readonly network: string;
  readonly variant?: "published";
  readonly params: Case["params"];
  readonly lanes: number;
  readonly program: ProgramName;
  /** Median wall time of a step in all lanes. */
  readonly msPerStep: number;
  readonly msPerImage: number;
  /**
   * Median processor time of a step, of all threads. Above threads × wall something is wrong; far
   * below, the machine was busy or the program waits.
   */
  readonly cpuMsPerStep: number;
  readonly secondsToFirstStep: number;
  readonly peakMB: number;
  /** How many steps were timed. */
  readonly steps: number;
}

/** A program that could not run a case, and why. */
export interface Failure {
  readonly network: string;
  readonly variant?: "published";
  readonly lanes: number;
  readonly program: ProgramName;
  readonly reason: string;
}

export interface Plan {
  readonly lanes: number;
  readonly threads: number;
  /** How often every program has its turn. */
  readonly rounds: number;
  /** Milliseconds that a turn is to take. */
  readonly turn: number;
  /**
   * Milliseconds between turns, in which threads of the last program that wait actively go to
   * sleep.
   */
  readonly pause: number;
}

interface Runner {
  readonly program: Program;
  readonly prepared: Prepared;
  steps: number;
  readonly ms: number[];
  readonly cpuMs: number[];
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Times programs on one problem: all are prepared and have taken the same first step, then they
 * take turns, round by round, each round beginning with another program. A turn's first step is not
 * counted, since it finds the caches full of another program's numbers. A program that fails is
 * left out, with its reason.
 */
export async function measure(
  programs: readonly Program[],
  one: Case,
  problem: string,
  plan: Plan,
): Promise<{ rows: Row[]; failures: Failure[] }> {
  const { lanes, threads, rounds, turn, pause } = plan;
  const id = { network: nameOf(one), ...(one.variant ? { variant: one.variant } : {}), lanes };
  const failures: Failure[] = [];
  let runners: Runner[] = [];
  const attempt = async (program: Program, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push({ ...id, program: program.name, reason: reasonOf(error) });
      runners = runners.filter((runner) => runner.program !== program);
    }
  };
  for (const program of programs)
    await attempt(program, async () => {
      const prepared = await program.prepare(problem, threads);
      for (const earlier of runners) {
        const differs = disagreement(prepared, earlier.prepared);
        if (differs) throw new Error(`${program.name} and ${earlier.program.name} disagree: ${differs}`);
      }
      const { ms } = await program.run(2);
      runners.push({ program, prepared, steps: Math.min(50, Math.max(3, Math.round(turn / ms[1]!))), ms: [], cpuMs: [] });
    });
  for (let round = 0; round < rounds; round++)
    for (const { program, steps, ms, cpuMs } of rotated(runners, round))
      await attempt(program, async () => {
        await rest(pause);
        const timings = await program.run(steps + 1);
        ms.push(...timings.ms.slice(1));
        cpuMs.push(...timings.cpuMs.slice(1));
      });
  const rows: Row[] = [];
  for (const { program, prepared, ms, cpuMs } of runners)
    await attempt(program, async () => {
      const msPerStep = median(ms);
      rows.push({
        ...id,
        params: one.params,
        program: program.name,
        msPerStep,
        msPerImage: msPerStep / lanes,
        cpuMsPerStep: median(cpuMs),
        secondsToFirstStep: prepared.secondsToFirstStep,
        peakMB: await program.peakMegabytes(),
        steps: ms.length,
      });
    });
  return { rows, failures };
}

const rotated = <T>(items: readonly T[], by: number): T[] => items.map((_, i) => items[(i + by) % items.length]!);
