/**
 * Patterns over attribute values, matched whole, as Java's `String.matches` does. They come from users, so they are
 * matched in time linear in the value: all states of the automaton advance together and none is ever retried.
 */

import { invalid } from '../core/engine-error.ts'
import type { SetOf } from './character-set.ts'
import { word } from './character-set.ts'
import { type Expression, parsePattern } from './pattern-syntax.ts'

/** A longer value matches no pattern. */
export const LONGEST_VALUE = 4_096
const MOST_STATES = 4_000
const MOST_KEPT = 500

type Instruction =
  | { readonly does: 'read'; readonly of: SetOf }
  | { readonly does: 'fork'; readonly to: readonly number[] }
  | { readonly does: 'check'; readonly at: 'start' | 'end' | 'word' | 'notWord' }
  | { readonly does: 'accept' }

export interface Pattern {
  readonly instructions: readonly Instruction[]
  readonly ignoreCase: boolean
}

const kept = new Map<string, Pattern>()

/** Compiled once and kept. Throws EngineError `invalid`, facts.field is `field`. */
export function patternOf(text: string, field = 'pattern'): Pattern {
  const known = kept.get(text)
  if (known !== undefined) return known
  const pattern = compile(text, field)
  if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!)
  kept.set(text, pattern)
  return pattern
}

function compile(text: string, field: string): Pattern {
  const { expression, ignoreCase } = parsePattern(text, field)
  const instructions: Instruction[] = []
  const put = (instruction: Instruction): number => {
    if (instructions.length >= MOST_STATES) throw invalid(field, 'the pattern is too large: its counts multiply')
    return instructions.push(instruction) - 1
  }
  emit(expression, put, instructions)
  put({ does: 'accept' })
  return { instructions, ignoreCase }
}

type Put = (instruction: Instruction) => number

function emit(expression: Expression, put: Put, all: Instruction[]): void {
  if (expression.kind === 'one') put({ does: 'read', of: expression.of })
  else if (expression.kind === 'edge') put({ does: 'check', at: expression.at })
  else if (expression.kind === 'all') for (const part of expression.of) emit(part, put, all)
  else if (expression.kind === 'any') emitAny(expression.of, put, all)
  else emitRepeat(expression, put, all)
}

function emitAny(branches: readonly Expression[], put: Put, all: Instruction[]): void {
  const fork = put({ does: 'fork', to: [] })
  const starts: number[] = []
  const ends: number[] = []
  for (const branch of branches) {
    starts.push(all.length)
    emit(branch, put, all)
    ends.push(put({ does: 'fork', to: [] }))
  }
  all[fork] = { does: 'fork', to: starts }
  for (const end of ends) all[end] = { does: 'fork', to: [all.length] }
}

function emitRepeat(repeat: Extract<Expression, { kind: 'repeat' }>, put: Put, all: Instruction[]): void {
  for (let count = 0; count < repeat.least; count++) {
    const before = all.length
    emit(repeat.of, put, all)
    if (all.length === before) break
  }
  if (repeat.most === undefined) {
    const fork = put({ does: 'fork', to: [] })
    emit(repeat.of, put, all)
    put({ does: 'fork', to: [fork] })
    all[fork] = { does: 'fork', to: [fork + 1, all.length] }
    return
  }
  const exits: number[] = []
  for (let count = repeat.least; count < repeat.most; count++) {
    exits.push(put({ does: 'fork', to: [] }))
    emit(repeat.of, put, all)
  }
  for (const exit of exits) all[exit] = { does: 'fork', to: [exit + 1, all.length] }
}

/** Whether the whole value is matched. */
export function matchesWhole(pattern: Pattern, value: string): boolean {
  if (value.length > LONGEST_VALUE) return false
  const codes = Array.from(value, (character) => character.codePointAt(0)!)
  let states = follow(pattern, [0], codes, 0)
  for (let at = 0; at < codes.length && states.length > 0; at++) {
    states = follow(pattern, read(pattern, states, codes[at]!), codes, at + 1)
  }
  return states.some((state) => pattern.instructions[state]!.does === 'accept')
}

/** The states after reading one character. */
function read({ instructions, ignoreCase }: Pattern, states: readonly number[], code: number): number[] {
  const next: number[] = []
  for (const state of states) {
    const instruction = instructions[state]!
    if (instruction.does === 'read' && (instruction.of(code) || (ignoreCase && instruction.of(otherCase(code))))) {
      next.push(state + 1)
    }
  }
  return next
}

/** As Java without UNICODE_CASE: ASCII letters only. */
function otherCase(code: number): number {
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x7a && code < 0x80 ? code ^ 0x20 : code
}

/** All states reachable from these without reading, each once: those that read or accept. */
function follow({ instructions }: Pattern, from: number[], codes: readonly number[], at: number): number[] {
  const seen = new Uint8Array(instructions.length)
  const found: number[] = []
  const open = from
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen[state] === 1) continue
    seen[state] = 1
    const instruction = instructions[state]!
    if (instruction.does === 'fork') open.push(...instruction.to)
    else if (instruction.does !== 'check') found.push(state)
    else if (holds(instruction.at, codes, at)) open.push(state + 1)
  }
  return found
}

function holds(edge: 'start' | 'end' | 'word' | 'notWord', codes: readonly number[], at: number): boolean {
  if (edge === 'start') return at === 0
  if (edge === 'end') return at === codes.length
  const isEdge = isWord(codes[at - 1]) !== isWord(codes[at])
  return isEdge === (edge === 'word')
}

const isWord = (code: number | undefined): boolean => code !== undefined && word(code)
