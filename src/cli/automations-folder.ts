import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { Failure } from './failure.ts'

export interface AutomationsFolder {
  /** Where the commands run. */
  readonly directory: string
  /** Of the file, from there. */
  readonly file: string
}

const PLACES = ['.ona/automations.yaml', '.ona/automations.yml', '.gitpod/automations.yaml', '.gitpod/automations.yml']
const HIDDEN = new Set(['.ona', '.gitpod'])

/** A file, or a folder with one. Its commands run in its folder; a file in `.ona` or `.gitpod` is of the folder around. */
export function automationsFolder(path: string): AutomationsFolder {
  if (!existsSync(path)) throw new Failure(`there is no ${path}`)
  const real = realpathSync(path)
  if (statSync(real).isDirectory()) return { directory: real, file: fileIn(real) }
  const beside = dirname(real)
  const directory = HIDDEN.has(basename(beside)) ? dirname(beside) : beside
  return { directory, file: relative(directory, real) }
}

function fileIn(directory: string): string {
  const found = PLACES.find((place) => existsSync(join(directory, place)))
  if (found === undefined) throw new Failure(`${directory} has none of ${PLACES.join(', ')}`)
  return found
}
