/** What the driver asks a program, one JSON object a line. */
export type Request =
  | { readonly cmd: "prepare"; readonly problem: string; readonly program: string; readonly threads: number }
  | { readonly cmd: "run"; readonly steps: number }
  | { readonly cmd: "memory" }
  | { readonly cmd: "draws"; readonly count: number };

/** After the first step of an attack. */
export interface Prepared {
  /**
   * From the beginning of building the step to the end of the first one; weights and observed
   * gradients are there before.
   */
  readonly secondsToFirstStep: number;
  /** The objective before the step, a value a lane. */
  readonly objective: readonly number[];
  /** Images behind the step in model space, float32 in base64. */
  readonly image: string;
  /** The objective's gradient in the images, float32 in base64, where a program shows it. */
  readonly gradient?: string;
}

/** Each step's time, and what all threads of the process spent in it. */
export interface Timings {
  readonly ms: readonly number[];
  readonly cpuMs: readonly number[];
}

export interface Replies {
  readonly prepare: Prepared;
  readonly run: Timings;
  readonly memory: { readonly peakMB: number };
  /** Time to fill an array of the given length, by distribution. */
  readonly draws: { readonly ms: Readonly<Record<string, number>> };
}
