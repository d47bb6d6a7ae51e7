import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { MountSpec } from '../core/step-spec.ts'
import type { BuiltInProgram } from '../faces/kit/face.ts'

/** The package: in a clone and when published two folders above this file. */
const PACKAGE = realpathSync(fileURLToPath(new URL('../../', import.meta.url)))
const NODE = realpathSync(process.execPath)

const shown = (path: string): MountSpec => ({ kind: 'bind', source: path, target: path, readOnly: true, trusted: true })

/** How a step runs a program of ours, sandboxed or not: this very Node, and the package shown read-only. */
export function builtInProgram(program: URL): BuiltInProgram {
  const argv = [NODE, '--disable-warning=ExperimentalWarning', realpathSync(fileURLToPath(program))]
  const mounts =
    NODE.startsWith(`${PACKAGE}/`) || NODE.startsWith('/usr/') ? [shown(PACKAGE)] : [shown(PACKAGE), shown(NODE)]
  return { argv, mounts }
}
