import { changeAgain, put } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'
import type { Call } from '../operation.ts'
import type { ContainerInstance, InstanceDocument } from './container-instance.ts'

/** Changes what this account says of an instance, atomically. */
export const saveInstance = (
  call: Call,
  instance: Pick<ContainerInstance, 'id'>,
  change: (before: InstanceDocument) => InstanceDocument,
): Promise<void> =>
  changeAgain(async () => {
    const before = await call.engine.document<InstanceDocument>(call.tenant, COLLECTIONS.instance, instance.id)
    const after = change(before?.body ?? { attributes: {}, tags: [] })
    await call.engine.saveDocuments([
      put(call.tenant, COLLECTIONS.instance, instance.id, after, { expected: before?.version ?? 0 }),
    ])
  })
