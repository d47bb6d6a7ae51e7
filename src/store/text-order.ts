/**
 * Text compared by code point, which is how UTF-8 bytes compare, and so SQLite's BINARY and PostgreSQL's "C"
 * collations. JavaScript's own `<` compares UTF-16 units and differs beyond the basic plane.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return weight(x) - weight(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above every other unit. */
const weight = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
