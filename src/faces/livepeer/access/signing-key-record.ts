import type { Tenant } from '../../../core/identity.ts'
import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import type { Engine } from '../../../engine/engine.ts'
import { allDocuments } from '../../kit/documents.ts'
import { COLLECTIONS, sortable } from '../documents.ts'

/** The public half of a key that its owner signs playback tokens with; the private half was shown once, on creation. */
export interface SigningKeyRecord {
  readonly id: string
  readonly name: string
  readonly userId: string
  readonly createdAt: number
  /** PEM (SPKI), in base64, as tokens repeat it in `pub`. */
  readonly publicKey: string
  readonly disabled?: boolean
}

export const putSigningKey = (tenant: Tenant, body: SigningKeyRecord, expected?: number): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: COLLECTIONS.signingKey,
  key: body.id,
  body,
  sort: sortable(body.createdAt),
  ...(expected !== undefined && { expected }),
})

/** A tenant has a handful at most. */
export const signingKeysOf = (
  engine: Pick<Engine, 'documents'>,
  tenant: Tenant,
): Promise<readonly Document<SigningKeyRecord>[]> => allDocuments(engine, tenant, COLLECTIONS.signingKey)
