import type { Document, Node } from 'yaml'
import { isMap, isPair, isScalar, LineCounter, parseAllDocuments } from 'yaml'

/** A place in a file, both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A YAML document that knows where each value was written. JSON is YAML as well. */
export interface PlacedDocument {
  readonly value: unknown
  /** Where the value at this path stands; a missing one is placed at the nearest thing around it. */
  place(path: readonly (string | number)[]): Place
  /** Where the key itself stands, for keys that should not be there. */
  placeOfKey(path: readonly (string | number)[]): Place
}

export interface YamlProblem extends Place {
  readonly message: string
}

/** Documents that hold something, or what keeps the text from being YAML. */
export function placedDocuments(
  text: string,
): readonly PlacedDocument[] | { readonly problems: readonly YamlProblem[] } {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const parsed = Array.isArray(documents) ? documents : []
  const problems = parsed
    .flatMap((d) => d.errors)
    .map((error) => ({ ...at(lines, error.pos[0]), message: error.message }))
  if (problems.length > 0) return { problems }
  return parsed.filter((d) => d.contents !== null).map((d) => placed(d, lines))
}

function placed(document: Document, lines: LineCounter): PlacedDocument {
  return {
    value: document.toJS(),
    place: (path) => at(lines, offsetOf(document, path)),
    placeOfKey: (path) => at(lines, keyOffset(document, path) ?? offsetOf(document, path)),
  }
}

function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node = (length === 0 ? document.contents : document.getIn(path.slice(0, length), true)) as Node | undefined
    if (node?.range) return node.range[0]
  }
  return 0
}

function keyOffset(document: Document, path: readonly (string | number)[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const pair = parent.items.find((p) => isPair(p) && isScalar(p.key) && String(p.key.value) === String(path.at(-1)))
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined
}

function at(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}
