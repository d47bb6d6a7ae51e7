import { v7 } from 'uuid'
import { asExecutionId } from '../core/identity.ts'
import type { Ids } from '../core/ports/clock.ts'

/** UUIDs of version 7: they rise with time, also within a millisecond. */
export const uuidIds: Ids = { execution: () => asExecutionId(v7()), other: () => v7() }
