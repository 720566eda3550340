/** What kind of mistake a {@link LeakageError} reports. */
export type LeakageCode =
  /**
   * A file that is truncated, oversized, hostile, or of another format, shape or type than
   * expected.
   */
  | "file"
  /**
   * A part, parameter, flag or spec that does not exist, is out of range, or does not fit its
   * neighbor.
   */
  | "spec"
  /** A device or operation that the installed runtime does not offer. */
  | "runtime"
  /** A download that failed, was interrupted, or has the wrong checksum. */
  | "fetch"
  /** A training whose loss or weights are not numbers any more. */
  | "diverged"
  /** An output folder that cannot be written, or belongs to another spec. */
  | "output";

/**
 * The one error of this package: the input was wrong. Its message is a sentence that says what was
 * expected, what came, and what is allowed. The command line exits with 2 on it, and with 3 if a
 * training diverged; anything else that is thrown is a defect and exits with 3.
 */
export class LeakageError extends Error {
  readonly code: LeakageCode;

  constructor(code: LeakageCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LeakageError";
    this.code = code;
  }
}
