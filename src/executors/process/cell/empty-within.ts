import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Removes directories with all that is in them; false, and only begun, when that would be more than `most` files. */
export function emptyWithin(directories: readonly string[], most: number): boolean {
  const budget = { left: most }
  return directories.every((directory) => removeTree(directory, budget))
}

function removeTree(directory: string, budget: { left: number }): boolean {
  for (const name of readdirSync(directory)) {
    if (budget.left-- <= 0) return false
    const path = join(directory, name)
    if (!lstatSync(path).isDirectory()) unlinkSync(path)
    else if (!removeTree(path, budget)) return false
  }
  rmdirSync(directory)
  return true
}
