/**
 * Reads values of a YAML document by path and remembers what is wrong with line and column. Nothing throws: a reader
 * answers a fallback and goes on, so that one deployment names every mistake at once.
 */
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml'

export type Path = readonly (string | number)[]

export interface Problem {
  readonly line: number
  readonly column: number
  /** `tasks.import.run.timeout` */
  readonly field: string
  readonly message: string
}

export class ConfigReader {
  readonly problems: Problem[] = []
  readonly #document: Document
  /** Aliases and merge keys resolved; the document's nodes only tell where things stand. */
  readonly #plain: unknown
  readonly #lines = new LineCounter()

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true, merge: true, logLevel: 'error' })
    for (const error of [...this.#document.errors]) {
      const at = this.#lines.linePos(error.pos[0])
      const message = error.message.split(' at line ')[0] ?? error.message
      this.problems.push({ line: at.line, column: at.col, field: '', message })
    }
    try {
      this.#plain = this.problems.length > 0 ? undefined : this.#document.toJS()
    } catch (error) {
      // Merge keys of what is no mapping, aliases without end.
      this.problems.push({ line: 1, column: 1, field: '', message: (error as Error).message })
    }
  }

  value(path: Path): unknown {
    let value = this.#plain
    for (const part of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
      value = (value as Readonly<Record<string | number, unknown>>)[part]
    }
    return value
  }

  has = (path: Path): boolean => this.value(path) !== undefined

  problem(path: Path, message: string): void {
    const at = this.#lines.linePos(this.#offsetOf(path))
    this.problems.push({ line: at.line, column: at.col, field: path.join('.'), message })
  }

  /** Entries of a mapping; none where it is absent or null. Says so when it is something else. */
  keys(path: Path): readonly string[] {
    const value = this.value(path)
    if (value === undefined || value === null) return []
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.problem(path, 'a mapping is needed')
      return []
    }
    return Object.keys(value)
  }

  onlyKeys(path: Path, known: readonly string[]): void {
    for (const key of this.keys(path)) if (!known.includes(key)) this.problem([...path, key], `Unknown key: ${key}`)
  }

  text(path: Path): string | undefined {
    const value = this.value(path)
    if (value === undefined || value === null) return undefined
    if (typeof value === 'string') return value
    this.problem(path, 'a text is needed')
    return undefined
  }

  integer(path: Path, least: number, most: number): number | undefined {
    const value = this.value(path)
    if (value === undefined || value === null) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    this.problem(path, `a whole number from ${least} to ${most} is needed`)
    return undefined
  }

  oneOf<T extends string>(path: Path, allowed: readonly T[]): T | undefined {
    const value = this.text(path)
    if (value === undefined) return undefined
    const found = allowed.find((one) => one === value)
    if (found === undefined) this.problem(path, `one of ${allowed.join(', ')} is needed`)
    return found
  }

  /** Where the key stands, else where the nearest thing above it does. */
  #offsetOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const parent = length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, length - 1), true)
      if (isMap(parent)) {
        const key = parent.items.find((item) => isPair(item) && String(item.key) === String(path[length - 1]))?.key
        const range = isNode(key) ? key.range : undefined
        if (range) return range[0]
      }
      const node = this.#document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return node.range[0]
    }
    return 0
  }
}
