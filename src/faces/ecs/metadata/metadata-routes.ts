/** The metadata endpoint of running containers. Whoever knows the URL is the container: the token in it is its own. */
import type { KeyObject } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { isEngineError } from '../../../core/engine-error.ts'
import type { Execution } from '../../../core/execution.ts'
import type { FaceContext } from '../../kit/face.ts'
import { COLLECTIONS } from '../documents.ts'
import type { Tag } from '../tags.ts'
import { taskRecordOf } from '../task/task-record.ts'
import type { TaskTags } from '../task/task-tags.ts'
import { type MetadataSubject, metadataSubjectOf } from './metadata-token.ts'
import { containerMetadata, containerNames, statsMetadata, taskMetadata } from './present-metadata.ts'

export const METADATA_PATH = '/taskport/ecs-metadata'

type View = (e: Execution, subject: MetadataSubject) => Promise<unknown> | unknown

export function mountMetadata(app: FastifyInstance, context: FaceContext, key: KeyObject): void {
  const { engine } = context
  const stats = async (e: Execution, name: string): Promise<object | null> =>
    statsMetadata(await engine.stats(e.tenant, e.id, name).catch(() => undefined))
  const views: Readonly<Record<string, View>> = {
    '': (e, { ordinal }) => containerMetadata(e, ordinal),
    '/task': (e) => taskMetadata(e),
    '/taskWithTags': async (e) => taskMetadata(e, await tagsOf(context, e)),
    '/stats': (e, { ordinal }) => stats(e, containerNames(e)[ordinal]!),
    '/task/stats': async (e) => {
      const entries = containerNames(e).map(async (name) => [name, await stats(e, name)] as const)
      return Object.fromEntries(await Promise.all(entries))
    },
  }
  for (const [path, view] of Object.entries(views))
    app.get<{ Params: { token: string } }>(`${METADATA_PATH}/v4/:token${path}`, async (request, reply) => {
      const subject = metadataSubjectOf(key, request.params.token)
      const e = subject && (await engine.execution(subject.tenant, subject.execution).catch(undefinedIfMissing))
      return subject && e ? reply.send(await view(e, subject)) : notFound(reply)
    })
}

const notFound = (reply: FastifyReply): FastifyReply =>
  reply.code(404).send({ error: 'V4 metadata handler: no container has this metadata URI' })

async function tagsOf({ engine }: FaceContext, e: Execution): Promise<readonly Tag[]> {
  const changed = await engine.document<TaskTags>(e.tenant, COLLECTIONS.taskTags, e.id)
  return changed?.body.tags ?? taskRecordOf(e)?.tags ?? []
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isEngineError(error, 'not_found')) throw error
  return undefined
}
