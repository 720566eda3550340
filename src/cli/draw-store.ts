import pc from "picocolors";
import { type AuditChunk, type AuditTick, attackName, defenseName, recordOf, type Store, type Tuned } from "../audit/index.ts";
import { type Console, duration } from "./console.ts";
import type { ResultFolder } from "./folder.ts";

/** Keeps finished draws in a result folder, and tells of each when it is kept. */
export const drawStore = (tell: Console, folder: ResultFolder): Store => ({
  async read(name) {
    const stored = await folder.read(name);
    return stored && new TextDecoder().decode(stored);
  },
  async write(name, finished) {
    await folder.write(name, finished.format === "gradleak-tuned-1" ? `${JSON.stringify(finished, null, 2)}\n` : JSON.stringify(finished));
    if (finished.format === "gradleak-tuned-1") tellTuned(tell, finished);
    else tellDraws(tell, finished, name.startsWith("tuning/"));
  },
});

function tellTuned(tell: Console, tuned: Tuned): void {
  const { specHash, by, defense, attack } = recordOf(tuned);
  tell.event("tuned", { specHash, by, defense: defenseName(defense), attack: attackName(attack) });
  tell.line(`tuned behind ${defenseName(defense)} to ${pc.bold(attackName(attack))}`);
}

function tellDraws(tell: Console, { from, to, seconds: cells }: AuditChunk, tuning: boolean): void {
  const seconds = cells.reduce((sum, cell) => sum + cell, 0);
  tell.event("draws", { from, to, tuning, seconds });
  tell.line(`${tuning ? "tuning on " : ""}draws ${from}–${to - 1}  ${duration(seconds)}`);
}

/** What is going on, for a progress bar. */
export const drawsDoing = ({ cell, draws: { from, to, of } }: AuditTick): string =>
  `draws ${from}–${to - 1} of ${of}, ${defenseName(cell.defense)} × ${attackName(cell.attack)}`;
