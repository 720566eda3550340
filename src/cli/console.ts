import { Presets, SingleBar } from "cli-progress";
import type { Tick } from "../scenario/index.ts";

/**
 * The output of a command while it works: lines and bars for people on stderr, or events for
 * programs on stdout.
 */
export interface Console {
  line(text: string): void;
  event(name: string, fields: Readonly<Record<string, unknown>>): void;
  progress(part: string, tick: Tick, since: number): void;
}

const format = "{part} [{bar}] {value}/{total} steps, {rate} per second, {left} left, objective {objective}";

/** A duration in words for people. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/**
 * Lines and bars on stderr; only lines without a terminal. A bar disappears before the next line.
 */
function forPeople(): Console {
  let bar: SingleBar | undefined;
  let shown = -1;
  return {
    line: (text) => {
      process.stderr.write(`${text}\n`);
    },
    event: () => {},
    progress: (part, tick, since) => {
      if (!process.stderr.isTTY) return;
      // A terminal shows no more than some tens of bars per second.
      if (tick.step < tick.of && since - shown < 0.05 && since >= shown) return;
      shown = since;
      const rate = tick.step / Math.max(1e-9, since);
      const told = {
        part,
        rate: rate.toFixed(rate < 10 ? 1 : 0),
        left: duration((tick.of - tick.step) / rate),
        objective: tick.objective()?.toPrecision(4) ?? "–",
      };
      if (bar) bar.update(tick.step, told);
      else {
        bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true, hideCursor: true }, Presets.shades_classic);
        bar.start(tick.of, tick.step, told);
      }
      if (tick.step < tick.of) return;
      bar.stop();
      bar = undefined;
    },
  };
}

/** One JSON object per line on stdout. */
function forPrograms(): Console {
  let told = -1;
  return {
    line: () => {},
    event: (name, fields) => {
      process.stdout.write(`${JSON.stringify({ event: name, ...fields })}\n`);
    },
    progress: (part, tick, since) => {
      // One line per percent is enough.
      const percent = Math.floor((100 * tick.step) / tick.of);
      if (percent === told) return;
      told = percent;
      const { step, of } = tick;
      const event = { event: "progress", part, step, of, objective: tick.objective(), seconds: Number(since.toFixed(3)) };
      process.stdout.write(`${JSON.stringify(event)}\n`);
    },
  };
}

export const consoleFor = (json: boolean): Console => (json ? forPrograms() : forPeople());
