import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Work } from '../../../core/ports/executor.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import { E } from './syscalls.ts'

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Program and arguments as they will be executed. */
export const argvOf = (work: Work): readonly string[] => [...(work.run.entrypoint ?? []), ...work.run.argv]

/** A reason to refuse an argument list or environment before anything is made, else undefined. */
export function textProblem(argv: readonly string[], env: Readonly<Record<string, string>>): Reason | undefined {
  if (argv.length === 0 || argv[0] === '') return reason('program_missing', 'the step names no program')
  if (argv.some((text) => text.includes('\0'))) return reason('invalid_spec', 'an argument contains a NUL byte')
  for (const [key, value] of Object.entries(env)) {
    if (key === '' || key.includes('=') || key.includes('\0'))
      return reason('invalid_spec', `${JSON.stringify(key)} cannot be the name of an environment variable`)
    if (value.includes('\0')) return reason('invalid_spec', `the environment variable ${key} contains a NUL byte`)
  }
  return undefined
}

/** Where `program` is, as execvp(3) would look. A name with a slash is taken as it is. */
export function findProgram(program: string, path: string): string | undefined {
  if (program.includes('/')) return program
  const key = `${path}\0${program}`
  const known = found.get(key)
  if (known !== undefined) return known
  for (const directory of path.split(':')) {
    const candidate = join(directory || '.', program)
    if (!isExecutable(candidate)) continue
    if (found.size > 1000) found.clear()
    found.set(key, candidate)
    return candidate
  }
  return undefined
}

const found = new Map<string, string>()

/** Forgets what `findProgram` remembers: a program that was there has gone. False when it remembered nothing. */
export function forgetPrograms(): boolean {
  const remembered = found.size > 0
  found.clear()
  return remembered
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Says what exec's or chdir's `errno` means for this program, naming it. */
export function execProblem(errno: number, program: string, directory: string | undefined): Reason {
  if (directory !== undefined && !isDirectory(directory)) return directoryMissing(directory)
  return programProblem(errno, program)
}

/** `sandboxed`: this machine may well have it. */
export function directoryMissing(directory: string, sandboxed = false): Reason {
  const inside = sandboxed ? ' in the sandbox, which shows the system, a workspace and what is mounted' : ''
  const message = `the working directory ${directory} does not exist or cannot be entered${inside}`
  return reason('directory_missing', message, { directory })
}

/** Of this machine, to be shown in a sandbox. */
export const sourceMissing = (directory: string): Reason =>
  reason('directory_missing', `${directory}, to be shown inside, does not exist`, { directory })

export function programProblem(errno: number, program: string): Reason {
  const facts = { program, errno }
  switch (errno) {
    case E.ENOENT:
    case E.ENOTDIR:
      return reason('program_missing', `the program ${program}, or the interpreter it names, does not exist`, facts)
    case E.EACCES:
    case E.EPERM:
      return reason('program_missing', `the program ${program} is not executable for the step's user`, facts)
    case E.E2BIG:
      return reason('invalid_spec', 'arguments and environment are longer than the operating system accepts', facts)
    case 8:
      return reason('program_missing', `the file ${program} is not a program this machine can run`, facts)
    case E.ENOMEM:
    case E.EAGAIN:
      return reason('resource_unavailable', 'the machine has no room for another process', facts)
    default:
      return reason('refused_by_executor', `the program ${program} could not be started (errno ${errno})`, facts)
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
