/** 4800 as "4,800". */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three significant digits, or a dash for what is not known: 5.54, 0.00120, 12,300, 1.20e−7. */
export function significant(value: number | null): string {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2).replace("e+", "e").replaceAll("-", "−");
  return (size >= 999.5 ? grouped(Math.round(value)) : value.toPrecision(3)).replace("-", "−");
}

/** A fixed number of decimals, or a dash for what is not known. */
export function fixed(value: number | null, decimals: number): string {
  return value === null ? "–" : value.toFixed(decimals).replace("-", "−");
}

/** A difference with its sign and a fixed number of decimals: +0.074, −0.010, 0.000. */
export function signed(value: number, decimals: number): string {
  return `${value > 0 && Number(value.toFixed(decimals)) !== 0 ? "+" : ""}${fixed(Number(value.toFixed(decimals)) === 0 ? 0 : value, decimals)}`;
}

/** "1 image", "3 images". */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** "meanImage" as "mean image". */
export function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/**
 * A share from 0 to 1 in percent, with one decimal: 7.1 %, 62.5 %. Only none and all are 0 % and
 * 100 %.
 */
export function percent(share: number): string {
  const value = 100 * share;
  if (value === 0 || value === 100) return `${value} %`;
  const text = value.toFixed(1);
  if (Number(text) === 0) return value < 0 ? "> −0.1 %" : "< 0.1 %";
  if (Number(text) === 100) return "> 99.9 %";
  return `${text.replace("-", "−")} %`;
}
