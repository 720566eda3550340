/** Points [count, d], row-major. */
export interface Points {
  readonly d: number;
  readonly count: number;
  readonly data: Float64Array;
}
