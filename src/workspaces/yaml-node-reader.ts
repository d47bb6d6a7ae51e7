/** Reads the nodes of a YAML document strictly: whatever is not as it must be is a problem with its line and column. */
import type { LineCounter, Node, YAMLMap } from 'yaml'
import { isMap, isScalar, isSeq } from 'yaml'
import { durationMsOf } from './duration.ts'

/** Where and what. Lines and columns count from 1. */
export class AutomationsProblem extends Error {
  readonly line: number
  readonly column: number
  constructor(line: number, column: number, message: string) {
    super(`line ${line}, column ${column}: ${message}`)
    this.name = 'AutomationsProblem'
    this.line = line
    this.column = column
  }
}

export class Places {
  readonly #lines: LineCounter
  constructor(lines: LineCounter) {
    this.#lines = lines
  }
  problem(offset: number, message: string): AutomationsProblem {
    const { line, col } = this.#lines.linePos(offset)
    return new AutomationsProblem(Math.max(1, line), Math.max(1, col), message)
  }
  of(node: unknown, message: string): AutomationsProblem {
    const range = (node as { readonly range?: readonly number[] | null } | null)?.range
    return this.problem(range?.[0] ?? 0, message)
  }
}

export class NodeReader {
  readonly at: Places
  constructor(at: Places) {
    this.at = at
  }

  map(node: Node, what: string, keys?: readonly string[]): YAMLMap {
    if (!isMap(node)) throw this.at.of(node, `${what} must be a mapping`)
    for (const pair of node.items) {
      const key = String(scalarOf(pair.key))
      if (keys && !keys.includes(key))
        throw this.at.of(pair.key, `${what} has no field ${JSON.stringify(key)}; there are ${keys.join(', ')}`)
    }
    return node
  }

  list(node: Node, what: string): readonly Node[] {
    if (!isSeq(node)) throw this.at.of(node, `${what} must be a list`)
    return node.items as Node[]
  }

  texts(map: YAMLMap, key: string): readonly string[] {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return []
    return this.list(node!, key).map((item) => this.textOf(item, key))
  }

  required(map: YAMLMap, key: string, what: string): string {
    const text = this.text(map, key)
    if (text === undefined || text === '') throw this.at.of(map, `${what} has no ${key}`)
    return text
  }

  text(map: YAMLMap, key: string): string | undefined {
    const node = map.get(key, true) as Node | undefined
    return isNothing(node) ? undefined : this.textOf(node!, key)
  }

  textOf(node: Node, what: string): string {
    const value = scalarOf(node)
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    throw this.at.of(node, `${what} must be a text`)
  }

  flag(map: YAMLMap, key: string): boolean {
    const node = map.get(key, true) as Node | undefined
    if (isNothing(node)) return false
    const value = scalarOf(node)
    if (typeof value !== 'boolean') throw this.at.of(node, `${key} must be true or false`)
    return value
  }

  whole(node: Node): number {
    const value = scalarOf(node)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw this.at.of(node, 'a whole number is needed here')
    return value
  }

  oneOf<Choice extends string>(map: YAMLMap, key: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(map, key)
    if (text === undefined) return undefined
    if (!choices.includes(text as Choice))
      throw this.at.of(map.get(key, true), `${key} is one of ${choices.filter((c) => c !== '').join(', ')}`)
    return text as Choice
  }

  duration(map: YAMLMap, key: string): number | undefined {
    const text = this.text(map, key)
    if (text === undefined) return undefined
    const ms = durationMsOf(text)
    if (ms === undefined) throw this.at.of(map.get(key, true), `${key} must be a duration such as 90s or 5m`)
    return ms
  }
}

export const isNothing = (node: Node | undefined): boolean =>
  node === undefined || node === null || (isScalar(node) && node.value === null)

export const scalarOf = (node: unknown): unknown => (isScalar(node) ? node.value : undefined)

export function present<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value })
}
