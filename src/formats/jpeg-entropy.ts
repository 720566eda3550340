import type { HuffmanTable } from "./jpeg-huffman.ts";

/** A component of a scan, with the tables of its codes. */
interface Coded {
  readonly component: {
    readonly h: number;
    readonly v: number;
    readonly width: number;
    readonly height: number;
    readonly columns: number;
    readonly coefficients: Int16Array;
  };
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
}

/** One pass over the coefficients of some components. */
interface Scan {
  readonly components: readonly Coded[];
  /** The units of an interleaved scan; undefined if it has one component. */
  readonly units: { readonly across: number; readonly down: number } | undefined;
  /** The units between restart markers; 0 for none. */
  readonly restart: number;
  readonly progressive: boolean;
  /** The coefficients of the scan, in zigzag order. */
  readonly first: number;
  readonly last: number;
  /** The bit before this scan's, if it refines, and the scan's own. */
  readonly high: number;
  readonly low: number;
}

type Refuse = (why: string) => never;

/** The bits of entropy-coded data. A stuffed byte 0 behind FF is no data, and a marker ends them. */
class Bits {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly refuse: Refuse;
  private held = 0;
  private count = 0;
  /** The bits that are held and are not from the data. */
  private spare = 0;

  constructor(bytes: Uint8Array, at: number, refuse: Refuse) {
    this.bytes = bytes;
    this.at = at;
    this.refuse = refuse;
  }

  /** Holds at least `need` bits, with zeros behind the end of the data. */
  private fill(need: number): void {
    while (this.count < need) {
      let byte = this.bytes[this.at] ?? 0xff;
      if (byte === 0xff && this.bytes[this.at + 1] !== 0) {
        // libjpeg reads zeros here and warns. Codes may look ahead, but not take them.
        byte = 0;
        this.spare += 8;
      } else this.at += byte === 0xff ? 2 : 1;
      this.held = ((this.held << 8) | byte) >>> 0;
      this.count += 8;
    }
  }

  private drop(bits: number): void {
    this.count -= bits;
    if (this.count < this.spare) this.refuse("its data end before the image does");
  }

  bits(length: number): number {
    if (length === 0) return 0;
    this.fill(length);
    const value = (this.held >>> (this.count - length)) & ((1 << length) - 1);
    this.drop(length);
    return value;
  }

  /** A number of a category: its bits, and negative if the first of them is 0. */
  signed(length: number): number {
    const value = this.bits(length);
    return length > 0 && value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
  }

  code({ fast, above, offset, values }: HuffmanTable): number {
    this.fill(16);
    const ahead = (this.held >>> (this.count - 16)) & 0xffff;
    const short = fast[ahead >> 8]!;
    if (short !== 0) {
      this.drop(short >> 8);
      return short & 255;
    }
    for (let length = 1; length <= 16; length++) {
      const code = ahead >> (16 - length);
      if (code >= above[length]!) continue;
      this.drop(length);
      return values[code + offset[length]!]!;
    }
    return this.refuse("its data have a code that is none");
  }

  /** Steps over restart marker `number` modulo 8, at the next byte. */
  restart(number: number): void {
    [this.held, this.count, this.spare] = [0, 0, 0];
    while (this.bytes[this.at] === 0xff && this.bytes[this.at + 1] === 0xff) this.at++;
    if (this.bytes[this.at] !== 0xff || this.bytes[this.at + 1] !== 0xd0 + (number & 7)) this.refuse("a restart marker is missing");
    this.at += 2;
  }
}

/**
 * Reads the entropy-coded data of one scan into the coefficients of its components.
 *
 * @param at the position of the data.
 * @returns the position of the marker behind them.
 */
export function readScan(bytes: Uint8Array, at: number, scan: Scan, refuse: Refuse): number {
  const { components, units, restart } = scan;
  const bits = new Bits(bytes, at, refuse);
  const read = blockReader(scan, bits, refuse);
  const own = components[0]!.component;
  const [across, down] = units ? [units.across, units.down] : [Math.ceil(own.width / 8), Math.ceil(own.height / 8)];
  const total = across * down;
  for (let unit = 0; unit < total; unit++) {
    if (restart > 0 && unit > 0 && unit % restart === 0) {
      bits.restart(unit / restart - 1);
      read.begin();
    }
    const [x, y] = [unit % across, Math.floor(unit / across)];
    if (!units) read.block(0, 64 * (y * own.columns + x));
    else
      for (const [i, { component }] of components.entries())
        for (let v = 0; v < component.v; v++)
          for (let h = 0; h < component.h; h++) read.block(i, 64 * ((y * component.v + v) * component.columns + x * component.h + h));
  }
  return bits.at;
}

/** Reads the blocks of a scan. It remembers what one block leaves to the next. */
function blockReader({ components, progressive, first, last, high, low }: Scan, bits: Bits, refuse: Refuse) {
  const predicted = new Int32Array(components.length);
  /** The number of blocks that still end here, in a progressive scan. */
  let ended = 0;
  const needed = (table: HuffmanTable | undefined): HuffmanTable => table ?? refuse("it lacks a Huffman table");

  const difference = (i: number): number => {
    const category = bits.code(needed(components[i]!.dc));
    if (category > 15) refuse("its data have a coefficient that is too large");
    predicted[i]! += bits.signed(category);
    return predicted[i]!;
  };

  const whole = (i: number, block: number): void => {
    const { component, ac } = components[i]!;
    const { coefficients } = component;
    coefficients[block] = difference(i);
    const table = needed(ac);
    for (let k = 1; k < 64; k++) {
      const code = bits.code(table);
      const [run, category] = [code >> 4, code & 15];
      if (category === 0) {
        if (run < 15) break;
        k += 15;
        continue;
      }
      k += run;
      if (k > 63) refuse("its data have a block with too many coefficients");
      coefficients[block + k] = bits.signed(category);
    }
  };

  const spectrum = (i: number, block: number): void => {
    if (ended > 0) {
      ended--;
      return;
    }
    const { component, ac } = components[i]!;
    const table = needed(ac);
    for (let k = first; k <= last; k++) {
      const code = bits.code(table);
      const [run, category] = [code >> 4, code & 15];
      if (category === 0) {
        if (run < 15) {
          ended = (1 << run) + bits.bits(run) - 1;
          break;
        }
        k += 15;
        continue;
      }
      k += run;
      if (k > last) refuse("its data have a block with too many coefficients");
      component.coefficients[block + k] = bits.signed(category) << low;
    }
  };

  /** Adds a bit to a coefficient that is not 0. */
  const refine = (coefficients: Int16Array, place: number): void => {
    if (bits.bits(1) === 0) return;
    const old = coefficients[place]!;
    if ((Math.abs(old) & (1 << low)) === 0) coefficients[place] = old + (old > 0 ? 1 << low : -(1 << low));
  };

  const refinement = (i: number, block: number): void => {
    const { component, ac } = components[i]!;
    const { coefficients } = component;
    const table = needed(ac);
    let k = first;
    if (ended === 0)
      for (; k <= last; k++) {
        const code = bits.code(table);
        let run = code >> 4;
        const category = code & 15;
        if (category > 1) refuse("its data refine a coefficient by more than a bit");
        const fresh = category === 0 ? 0 : bits.bits(1) === 1 ? 1 << low : -(1 << low);
        if (category === 0 && run < 15) {
          ended = (1 << run) + bits.bits(run);
          break;
        }
        // The run counts coefficients that are still 0; the others on the way are refined.
        for (; k <= last; k++) {
          if (coefficients[block + k] !== 0) refine(coefficients, block + k);
          else if (run-- === 0) break;
        }
        if (fresh === 0) continue;
        if (k > last) refuse("its data have a block with too many coefficients");
        coefficients[block + k] = fresh;
      }
    if (ended === 0) return;
    for (; k <= last; k++) if (coefficients[block + k] !== 0) refine(coefficients, block + k);
    ended--;
  };

  const start = (i: number, block: number): void => {
    const { coefficients } = components[i]!.component;
    if (high === 0) coefficients[block] = difference(i) << low;
    else if (bits.bits(1) === 1) coefficients[block]! |= 1 << low;
  };

  return {
    block: !progressive ? whole : first === 0 ? start : high === 0 ? spectrum : refinement,
    /** Forgets what blocks left, at the beginning of a restart interval. */
    begin: () => {
      predicted.fill(0);
      ended = 0;
    },
  };
}
