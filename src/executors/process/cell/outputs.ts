import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type Outputs, outputsProblem, parseOutputs } from '../../parse-outputs.ts'
import { statOrNone } from './stat-or-none.ts'

const MAX_FILE_BYTES = 1024 * 1024

/** What a program left in its outputs file; empty when there is none. A broken rule drops all of it. */
export function readOutputs(path: string | undefined): Outputs {
  if (path === undefined) return {}
  const text = textOf(path)
  if (text === undefined) return {}
  return typeof text === 'string' ? parseOutputs(text) : text
}

/** The program may have put a link, a FIFO or a giant there: it is opened without following or waiting. */
function textOf(path: string): string | Outputs | undefined {
  if (statOrNone(path) === undefined) return undefined
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return outputsProblem('the outputs file cannot be read')
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return outputsProblem('the outputs file is not a regular file')
    if (stat.size > MAX_FILE_BYTES) return outputsProblem(`the outputs file is longer than ${MAX_FILE_BYTES} bytes`)
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
    return outputsProblem('the outputs file is not UTF-8')
  }
}
