import type { Tenant } from '../../core/identity.ts'
import type { Document, DocumentPut, DocumentQuery } from '../../core/ports/store.ts'
import type { Engine } from '../../engine/engine.ts'
import { isEngineError } from './errors.ts'

/** This face's collections of documents. */
export const COLLECTIONS = {
  cluster: 'ecs/cluster',
  definition: 'ecs/task-definition',
  family: 'ecs/family',
  instance: 'ecs/instance',
  taskTags: 'ecs/task-tags',
  accountSetting: 'ecs/account-setting',
  logGroup: 'ecs/log-group',
  logStream: 'ecs/log-stream',
  logEvent: 'ecs/log-event',
} as const

type Extra = Pick<DocumentPut, 'sort' | 'indexes' | 'expected'>

export const put = (tenant: Tenant, collection: string, key: string, body: object, extra: Extra = {}): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection,
  key,
  body,
  ...extra,
})

/** Every document that matches, in order. For collections that an account keeps small. */
export async function allDocuments<Body>(
  engine: Engine,
  tenant: Tenant,
  collection: string,
  query: Omit<DocumentQuery, 'limit' | 'after'> = {},
): Promise<readonly Document<Body>[]> {
  const all: Document<Body>[] = []
  let after: string | undefined
  do {
    const page = await engine.documents<Body>(tenant, collection, { ...query, limit: 500, ...(after && { after }) })
    all.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return all
}

const TRIES = 20

/** Read, change, write: again when somebody else wrote in between. */
export async function changeAgain<T>(change: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await change()
    } catch (error) {
      if (tried >= TRIES || !isEngineError(error, 'conflict')) throw error
    }
  }
}
