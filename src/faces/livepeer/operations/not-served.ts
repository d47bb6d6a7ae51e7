import { notImplemented } from '../errors.ts'
import type { Operation } from '../operation.ts'

/** Live streams, rooms, sessions and their numbers: there is no live ingest here. */
export const notServed: Operation = async () => {
  throw notImplemented('not implemented: live streams, sessions and viewership are not served here')
}
