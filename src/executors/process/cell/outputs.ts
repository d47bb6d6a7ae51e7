import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { statOrNone } from './stat-or-none.ts'

export interface Outputs {
  readonly outputs?: Readonly<Record<string, string>>
  readonly outputsProblem?: string
}

const MAX_KEYS = 128
const MAX_VALUE_BYTES = 4_096
const MAX_FILE_BYTES = 1024 * 1024
const KEY = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/

/** What a program left in its outputs file; empty when there is none. A broken rule drops all of it. */
export function readOutputs(path: string | undefined): Outputs {
  if (path === undefined) return {}
  const text = textOf(path)
  if (text === undefined) return {}
  return typeof text === 'string' ? parseOutputs(text) : text
}

/** `KEY=VALUE` lines, or `KEY<<EOF` … `EOF` for values of several lines. An empty value unsets the key. */
export function parseOutputs(text: string): Outputs {
  const outputs: Record<string, string> = {}
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (line === '') continue
    const block = /^([^=]+?)<<(\S+)$/.exec(line)
    const equals = line.indexOf('=')
    if (block === null && equals < 1)
      return problem(`line ${i + 1} of the outputs file is neither KEY=VALUE nor KEY<<END`)
    const key = block === null ? line.slice(0, equals) : block[1]!
    let value = block === null ? line.slice(equals + 1) : ''
    if (block !== null) {
      const end = lines.indexOf(block[2]!, i + 1)
      if (end < 0) return problem(`the block of ${key} in the outputs file has no line ${block[2]}`)
      value = lines.slice(i + 1, end).join('\n')
      i = end
    }
    const broken = ruleBroken(key, value)
    if (broken !== undefined) return problem(broken)
    outputs[key] = value
  }
  if (Object.keys(outputs).length > MAX_KEYS) return problem(`the outputs file sets more than ${MAX_KEYS} keys`)
  return Object.keys(outputs).length === 0 ? {} : { outputs }
}

function ruleBroken(key: string, value: string): string | undefined {
  if (!KEY.test(key)) return `${JSON.stringify(key.slice(0, 60))} cannot be the name of an output`
  if (value.includes('\0')) return `the output ${key} contains a NUL byte`
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) return `the output ${key} is longer than ${MAX_VALUE_BYTES} bytes`
  return undefined
}

const problem = (outputsProblem: string): Outputs => ({ outputsProblem })

/** The program may have put a link, a FIFO or a giant there: it is opened without following or waiting. */
function textOf(path: string): string | Outputs | undefined {
  if (statOrNone(path) === undefined) return undefined
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return problem('the outputs file cannot be read')
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return problem('the outputs file is not a regular file')
    if (stat.size > MAX_FILE_BYTES) return problem(`the outputs file is longer than ${MAX_FILE_BYTES} bytes`)
    const bytes = Buffer.alloc(stat.size)
    return decode(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)))
  } finally {
    closeSync(fd)
  }
}

function decode(bytes: Uint8Array): string | Outputs {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return problem('the outputs file is not UTF-8')
  }
}
