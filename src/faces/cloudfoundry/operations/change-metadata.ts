import type { Place } from '../access/access.ts'
import type { COLLECTIONS, Resource } from '../documents.ts'
import { notFound } from '../errors.ts'
import { type Answer, type Call, ok } from '../operation.ts'
import { Problems } from '../wire/message.ts'
import { changedMetadata, type Metadata, parseMetadata } from '../wire/metadata.ts'

interface Described extends Resource {
  readonly app: string
  readonly metadata: Metadata
}

/** `PATCH` of what has nothing to change but its metadata. Throws CF-UnprocessableEntity for any other field. */
export async function changeMetadata<Body extends Described>(
  call: Call,
  collection: (typeof COLLECTIONS)[keyof typeof COLLECTIONS],
  thing: string,
  found: { readonly body: Body; readonly place: Place },
  present: (body: Body) => object,
): Promise<Answer> {
  await call.access.checkWriteSpace(found.place)
  const body = call.body()
  const problems = new Problems(body, ['metadata'])
  const change = parseMetadata(body.metadata, problems)
  changedMetadata(found.body.metadata, change, problems)
  problems.check()
  const after = await call.records.change<Body>(
    collection,
    found.body.guid,
    (b) => ({ ...b, metadata: changedMetadata(b.metadata, change) }),
    (b) => ({ app: b.app }),
  )
  if (!after) throw notFound(thing)
  return ok(present(after))
}
