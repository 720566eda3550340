/**
 * The x in [low, high] at which an increasing function reaches a value, found by bisection to the
 * last bit.
 */
export function invert(growing: (x: number) => number, value: number, low: number, high: number): number {
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (growing(middle) < value) low = middle;
    else high = middle;
  }
}
