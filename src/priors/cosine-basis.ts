/**
 * The orthonormal cosine basis (DCT-II) of patches [channels, side, side] without its constant
 * vector, as rows [c·side²−1, c·side²], from slow to fast waves. It spans what is left of a patch
 * without its mean. Over three channels the waves are (1, 1, 1)/√3, (1, 0, −1)/√2 and (1, −2,
 * 1)/√6.
 */
export function cosineBasis(channels: number, side: number): Float64Array {
  const [color, space] = [waves(channels), waves(side)];
  const frequencies = Array.from({ length: channels * side * side }, (_, i) => ({
    c: Math.floor(i / (side * side)),
    v: Math.floor(i / side) % side,
    u: i % side,
  }));
  frequencies.sort((a, b) => a.u + a.v - (b.u + b.v) || a.c - b.c || a.v - b.v);
  return Float64Array.from(
    frequencies.slice(1).flatMap(({ c, v, u }) => {
      const row: number[] = [];
      for (let channel = 0; channel < channels; channel++)
        for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) row.push(color(c, channel) * space(v, y) * space(u, x));
      return row;
    }),
  );
}

const waves = (n: number) => (frequency: number, at: number) =>
  Math.sqrt((frequency === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (at + 0.5) * frequency) / n);
