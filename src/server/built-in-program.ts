import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MountSpec } from '../core/step-spec.ts'
import type { BuiltInProgram } from '../faces/kit/face.ts'

/** The package: in a clone and when published two folders above this file. */
const PACKAGE = realpathSync(fileURLToPath(new URL('../../', import.meta.url)))
const NODE = realpathSync(process.execPath)
const MODULES = 'node_modules'

/**
 * The directories that hold a package and all that it may import. Installed, its dependencies lie beside it, below the
 * outermost `node_modules` of its path; in a clone they lie in it, or where a link in it leads.
 */
export function importedBy(packageDirectory: string): readonly string[] {
  const outermost = packageDirectory.indexOf(`/${MODULES}/`)
  const root = outermost === -1 ? packageDirectory : packageDirectory.slice(0, outermost + MODULES.length + 1)
  const own = join(packageDirectory, MODULES)
  const modules = existsSync(own) ? realpathSync(own) : root
  return isWithin(modules, root) ? [root] : [root, modules]
}

const isWithin = (path: string, directory: string): boolean => `${path}/`.startsWith(`${directory}/`)

const ROOTS = importedBy(PACKAGE)
const SHOWN = [...ROOTS, '/usr'].some((root) => isWithin(NODE, root)) ? ROOTS : [...ROOTS, NODE]

const shown = (path: string): MountSpec => ({ kind: 'bind', source: path, target: path, readOnly: true, trusted: true })

/** How a step runs a program of ours, sandboxed or not: this very Node, and the package shown read-only. */
export function builtInProgram(program: URL): BuiltInProgram {
  const argv = [NODE, '--disable-warning=ExperimentalWarning', realpathSync(fileURLToPath(program))]
  return { argv, mounts: SHOWN.map(shown) }
}
