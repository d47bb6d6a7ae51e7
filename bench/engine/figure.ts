/** How benchmarks say what they found: one JSON line a figure, which `npm run bench` puts into RESULTS.md. */
export interface Figure {
  readonly figure: string
  /** As measured, with its unit. */
  readonly value: number
  readonly unit: string
  /** What it is held against in the same run. */
  readonly base?: { readonly name: string; readonly value: number }
  readonly ratio?: number
  /** What the ratio, or the value where there is none, should be: `≥ 0.5`. */
  readonly wanted?: string
}

export const say = (figure: Figure): void => console.log(JSON.stringify(rounded(figure)))

/** A figure against a base of the same unit. */
export function sayRatio(
  figure: string,
  value: number,
  unit: string,
  base: { readonly name: string; readonly value: number },
  wanted?: string,
): void {
  say({ figure, value, unit, base, ratio: value / base.value, ...(wanted !== undefined && { wanted }) })
}

const digits = (value: number): number => Number(value.toPrecision(3))

function rounded(figure: Figure): Figure {
  const { value, base, ratio } = figure
  return {
    ...figure,
    value: digits(value),
    ...(base && { base: { ...base, value: digits(base.value) } }),
    ...(ratio !== undefined && { ratio: Number(ratio.toFixed(2)) }),
  }
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!
}
