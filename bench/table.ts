import type { Failure, Row } from "./measure.ts";

/** A number with about three digits. */
const short = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

const title = ({ network, variant, lanes }: Pick<Row, "network" | "variant" | "lanes">): string =>
  `${network}${variant ? ` (${variant})` : ""}, ${lanes} ${lanes === 1 ? "lane" : "lanes"}`;

const columns: readonly (readonly [name: string, (row: Row) => string])[] = [
  ["program", ({ program }) => program],
  ["ms/step", ({ msPerStep }) => short(msPerStep)],
  ["ms/image", ({ msPerImage }) => short(msPerImage)],
  ["cpu ms/step", ({ cpuMsPerStep }) => short(cpuMsPerStep)],
  ["first step s", ({ secondsToFirstStep }) => short(secondsToFirstStep)],
  ["peak MB", ({ peakMB }) => peakMB.toFixed(0)],
  ["steps", ({ steps }) => String(steps)],
];

/**
 * Gradleak's step divided by the fastest peer's and by eager PyTorch's, of rows of one case; null
 * without both sides.
 */
export function ratios(
  rows: readonly Row[],
): { readonly fastest: Row; readonly toFastest: number; readonly toEager: number | null } | null {
  const ours = rows.find(({ program }) => program === "gradleak");
  const [fastest] = rows.filter(({ program }) => !program.startsWith("gradleak")).sort((a, b) => a.msPerStep - b.msPerStep);
  if (!ours || !fastest) return null;
  const eager = rows.find(({ program }) => program === "torch-eager");
  return { fastest, toFastest: ours.msPerStep / fastest.msPerStep, toEager: eager ? ours.msPerStep / eager.msPerStep : null };
}

/** One case as text: a line a program, failures, ratios. */
export function table(rows: readonly Row[], failures: readonly Failure[]): string {
  const cells = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, show]) => show(row)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const lines = cells.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "));
  const found = ratios(rows);
  const [ours, entries] = (["gradleak", "gradleak-entries"] as const).map((name) => rows.find(({ program }) => program === name));
  return [
    title((rows[0] ?? failures[0])!),
    ...lines.map((line) => `  ${line}`),
    ...failures.map(({ program, reason }) => `  ${program} failed: ${reason}`),
    ...(found
      ? [
          `  gradleak ÷ ${found.fastest.program}, the fastest peer: ${found.toFastest.toFixed(2)}${found.toEager === null ? "" : `; ÷ torch-eager: ${found.toEager.toFixed(2)}`}`,
        ]
      : []),
    ...(ours && entries ? [`  gradients as factors ÷ as entries: ${(ours.msPerStep / entries.msPerStep).toFixed(2)}`] : []),
    "",
  ].join("\n");
}
