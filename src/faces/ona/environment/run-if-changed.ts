/** The program before a command that runs only when files changed (src/workspaces/programs/run-if-changed.ts). */
import { join } from 'node:path'
import type { MountSpec } from '../../../core/step-spec.ts'
import type { ChangedJob } from '../../../workspaces/changed-job.ts'
import { WORKSPACE_PROGRAMS } from '../../../workspaces/workspace-programs.ts'
import type { BuiltInProgram } from '../../kit/face.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, TaskRecord } from '../documents.ts'
import { directoryOf, imageOf, makeDirectory } from './workspace.ts'

const SEEN = '/run/taskport-changes'

/** What goes before the command; undefined for a task that always runs, as in an image, where our program is not. What it keeps lies beside the workspace. */
export function runIfChanged(
  { context, options }: Pick<Parts, 'context' | 'options'>,
  environment: EnvironmentRecord,
  { id, spec, extension }: TaskRecord,
): BuiltInProgram | undefined {
  if (extension?.changed === undefined || imageOf(options, environment, spec.runsOn)) return undefined
  const { argv, mounts } = context.program(WORKSPACE_PROGRAMS.runIfChanged)
  const kept = keptOf(context, environment)
  const target = options.sandboxed() ? SEEN : kept
  const job: ChangedJob = { patterns: extension.changed, state: join(target, `${id}.json`) }
  const mount: MountSpec = { kind: 'bind', source: kept, target, trusted: true }
  return { argv: [...argv, JSON.stringify(job)], mounts: [...mounts, mount] }
}

const keptOf = (context: Parts['context'], { id }: EnvironmentRecord): string =>
  join(directoryOf(context, id), 'changes')

/** Before any such program starts. */
export const makeKept = ({ context }: Pick<Parts, 'context'>, environment: EnvironmentRecord): Promise<void> =>
  makeDirectory(keptOf(context, environment), environment.workspace.user)
