import { bonferroni, type Interval } from "../metrics/index.ts";
import type { KeyBits } from "../random/index.ts";
import type { AuditResult } from "./audit-result.ts";
import type { Cell } from "./cells.ts";
import type { Certified } from "./certified.ts";
import type { Distances } from "./comparison.ts";
import { limitsOf } from "./evidence.ts";
import type { FinishedDraws } from "./finished-draws.ts";
import { anyAttacker, claimsSafety, type Gate, judgeGate, parseGate } from "./gate.ts";
import { recoveredShare } from "./recovered-shares.ts";

/** The gate's verdict on each defense, by intervals that hold for all attacks on it together. */
export function judged(
  { scenarios, failIf, confidence, chunks, certified }: FinishedDraws,
  cells: readonly Cell[],
  byCell: readonly Distances[],
  key: (cell: number) => KeyBits,
  statements: AuditResult["statements"],
): AuditResult["gate"] {
  if (failIf === undefined) return null;
  const gate = parseGate(failIf);
  const { subject } = gate;
  if (subject === "certified") return judgedByCertificate(gate, certified ?? [], confidence);
  const most = Math.max(...scenarios.map(({ attacks }) => attacks.length));
  const each = bonferroni(confidence, most);
  const draws = chunks.flatMap((chunk) => chunk.draws);
  const refused: string[] = claimsSafety(gate) ? statements.flatMap(({ reasons }) => reasons) : [];
  const shareOf = (cell: Cell, i: number): Interval => {
    if (subject === "recovered" || subject === "risk") return recoveredShare(byCell[i]!, cell.scenario.score.delta, key(i), each);
    const share = limitsOf(draws, i, cell.attack, each)[subject];
    if (share) return share;
    refused.push(`${cell.attack.name} has no objective, so nobody can say whether its search failed`);
    return { estimate: 0, lower: 0, upper: 0 };
  };
  const verdicts = scenarios.map((scenario) => {
    const intervals = cells.flatMap((cell, i) =>
      cell.scenario === scenario ? [{ attack: cell.attack.name, share: shareOf(cell, i) }] : [],
    );
    return { defense: scenario.defense.name, ...judgeGate(gate, intervals) };
  });
  const fails = verdicts.some((verdict) => verdict.fails);
  return { text: gate.text, confidence: each, verdicts, fails, refused: fails ? [] : [...new Set(refused)] };
}

/** The gate's verdict on what each defense certifies. It holds whether the attacks worked or not. */
function judgedByCertificate(gate: Gate, certified: Certified, confidence: number): AuditResult["gate"] {
  const verdicts = certified.map(({ defense, estimate, upper }) => {
    const share = { estimate: estimate!, lower: estimate!, upper: upper! };
    return { defense, ...judgeGate(gate, [{ attack: anyAttacker, share }]) };
  });
  return { text: gate.text, confidence, verdicts, fails: verdicts.some(({ fails }) => fails), refused: [] };
}
