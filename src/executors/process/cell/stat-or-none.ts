import { lstatSync, type Stats } from 'node:fs'

/** The file's own status; undefined when there is none or the way to it is closed: a program may do that to its workspace. */
export function statOrNone(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
