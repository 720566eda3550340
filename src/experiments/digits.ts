/** A number with six digits: float32 holds no more. */
export const digits = (value: number): number => Number(value.toPrecision(6));
