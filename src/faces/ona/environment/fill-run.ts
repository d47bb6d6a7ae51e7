/** The program that fills an environment's workspace. */
import { dirname } from 'node:path'
import type { MountSpec, RunSpec } from '../../../core/step-spec.ts'
import { fillArgv } from '../../../workspaces/checkout.ts'
import type { CloneJob } from '../../../workspaces/clone-job.ts'
import { WORKSPACE_PROGRAMS } from '../../../workspaces/workspace-programs.ts'
import type { BuiltInProgram } from '../../kit/face.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord } from '../documents.ts'
import { contentOf } from './initializer.ts'
import { shownMounts } from './workspace.ts'

/** It sees the environment's whole directory: the marker that it is filled lies beside the workspace. */
export function fillRun(parts: Parts, record: EnvironmentRecord): RunSpec {
  const { workspace } = record
  const own = workspace.own ? dirname(workspace.directory) : workspace.directory
  const base = parts.options.sandboxed() ? '/environment' : own
  const seen = workspace.own ? `${base}/workspace` : base
  const { argv, mounts } =
    workspace.from === undefined ? programOf(parts, record, seen) : copyOf(parts, workspace.from, seen)
  return {
    kind: 'run',
    argv,
    env: {},
    workdir: seen,
    ...(workspace.user !== undefined && { user: workspace.user }),
    mounts: shownMounts(parts.options, [{ kind: 'bind', source: own, target: base, trusted: true }, ...mounts]),
  }
}

function copyOf({ options }: Parts, directory: string, workspace: string): BuiltInProgram {
  const from = options.sandboxed() ? '/prebuild' : directory
  const mount: MountSpec = { kind: 'bind', source: directory, target: from, readOnly: true, trusted: true }
  return { argv: fillArgv({ kind: 'copy', from }, workspace), mounts: [mount] }
}

function programOf({ context, options }: Parts, { spec }: EnvironmentRecord, workspace: string): BuiltInProgram {
  const content = contentOf(options, spec)
  if (content.kind !== 'git') return { argv: fillArgv(content, workspace), mounts: [] }
  const { url, target, location = '.' } = content
  const { argv, mounts } = context.program(WORKSPACE_PROGRAMS.clone)
  const job: CloneJob = {
    url,
    workspace,
    location,
    allowAddresses: options.allowAddresses,
    ...(target && { target }),
  }
  return { argv: [...argv, JSON.stringify(job)], mounts }
}
