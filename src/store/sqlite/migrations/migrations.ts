import { begin } from './0001-begin.ts'

/** In order; the database's `user_version` counts how many it has had. Add at the end, never change one. */
export const MIGRATIONS: readonly string[] = [begin]
