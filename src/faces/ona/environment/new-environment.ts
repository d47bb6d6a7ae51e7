import { join } from 'node:path'
import type { Principal } from '../../../core/identity.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord } from '../documents.ts'
import type { EnvironmentSpec } from '../gen/gitpod/v1/environment_pb.js'
import { creatorOf } from '../wire/subject.ts'
import { contentOf, folderNameOf } from './initializer.ts'
import { specToJson } from './spec-json.ts'
import { directoryOf, userOf } from './workspace.ts'

export interface NewEnvironment {
  readonly spec: EnvironmentSpec
  readonly name?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly role: EnvironmentRecord['role']
  readonly project?: string
  readonly prebuild?: string
  /** A directory that it is filled with. */
  readonly from?: string
}

/** Throws `invalid_argument` for content that cannot be. */
export function newEnvironment(parts: Parts, principal: Principal, request: NewEnvironment): EnvironmentRecord {
  const id = parts.engine.newExecutionId()
  const json = specToJson(request.spec)
  const content = contentOf(parts.options, json)
  const folder = folderNameOf(content)
  const now = parts.engine.now()
  const own = content.kind !== 'directory'
  const user = userOf(own ? undefined : content.directory)
  return {
    id,
    name: request.name ?? `${folder}-${id.slice(-6)}`,
    creator: creatorOf(principal),
    createdAt: now,
    lastStartedAt: now,
    spec: json,
    specVersion: 1,
    role: request.role,
    ...(request.project !== undefined && { project: request.project }),
    ...(request.prebuild !== undefined && { prebuild: request.prebuild }),
    workspace: {
      directory: own ? join(directoryOf(parts.context, id), 'workspace') : content.directory,
      name: folder,
      own,
      ...(user !== undefined && { user }),
      ...(request.from !== undefined && { from: request.from }),
    },
    annotations: request.annotations ?? {},
    phase: 'creating',
    start: '',
    starts: 1,
    automations: { path: '', state: 'none' },
  }
}
