import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { Tick } from "../audit/index.ts";

/** What a command tells while it works: lines and bars for people on stderr, or events for programs on stdout. */
export interface Console {
  line(text: string): void;
  event(name: string, fields: Readonly<Record<string, unknown>>): void;
  progress(part: string, tick: Tick, since: number): void;
  done(): void;
}

const format = "{part} [{bar}] {value}/{total} steps, {rate} a second, {left} left, objective {objective}";

/** Seconds as a person says them. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Lines and bars on stderr; without a terminal there, lines alone. */
function forPeople(): Console {
  const bars = new MultiBar(
    { format, stream: process.stderr, clearOnComplete: true, hideCursor: true, noTTYOutput: false },
    Presets.shades_classic,
  );
  let bar: SingleBar | undefined;
  return {
    line: (text) => {
      if (process.stderr.isTTY && bar) bars.log(`${text}\n`);
      else process.stderr.write(`${text}\n`);
    },
    event: () => {},
    progress: (part, tick, since) => {
      if (!process.stderr.isTTY) return;
      const rate = tick.step / Math.max(1e-9, since);
      const told = {
        part,
        rate: rate.toFixed(rate < 10 ? 1 : 0),
        left: duration((tick.of - tick.step) / rate),
        objective: tick.objective.toPrecision(4),
      };
      if (!bar) bar = bars.create(tick.of, tick.step, told);
      bar.update(tick.step, told);
      if (tick.step >= tick.of) {
        bars.remove(bar);
        bar = undefined;
      }
    },
    done: () => bars.stop(),
  };
}

/** One JSON object a line on stdout. */
function forPrograms(): Console {
  let told = -1;
  return {
    line: () => {},
    event: (name, fields) => {
      process.stdout.write(`${JSON.stringify({ event: name, ...fields })}\n`);
    },
    progress: (part, tick, since) => {
      // A line a percent is enough.
      const percent = Math.floor((100 * tick.step) / tick.of);
      if (percent === told) return;
      told = percent;
      process.stdout.write(`${JSON.stringify({ event: "progress", part, ...tick, seconds: Number(since.toFixed(3)) })}\n`);
    },
    done: () => {},
  };
}

export const consoleFor = (json: boolean): Console => (json ? forPrograms() : forPeople());
